import type { Generated } from 'kysely'

// Ids are text, times epoch milliseconds, flags 0 or 1 on both engines, lists and objects JSON in text columns.
type Flag = 0 | 1
type Json = string

export interface OrganizationTable {
  id: string
  name: string
  mailbox_limit: number | null
  domain_limit: number | null
  /** Live mailboxes, kept by their insert and their deletion. */
  mailbox_count: number
  created_at: number
  updated_at: number
}

export interface ProjectTable {
  id: string
  org_id: string
  name: string
  client_id: string | null
  is_default: Flag
  created_at: number
  updated_at: number
}

export interface ApiKeyTable {
  id: string
  org_id: string
  project_id: string
  project_only: Flag
  mailbox_id: string | null
  name: string
  public_part: string
  hash: string
  scopes: Json
  permissions: Json | null
  used_at: number | null
  expires_at: number | null
  created_at: number
  updated_at: number
}

export interface DomainTable {
  id: string
  org_id: string | null
  project_id: string | null
  name: string
  status: string
  sealed_route: string | null
  feedback_enabled: Flag
  subdomains_enabled: Flag
  tracking_enabled: Flag
  states: Json
  checked_at: number | null
  recheck_at: number | null
  failing_since: number | null
  created_at: number
  updated_at: number
}

export interface DkimKeyTable {
  id: string
  domain_id: string
  selector: string
  algorithm: string
  public_record: string
  sealed_key: string | null
  state: string
  created_at: number
  activated_at: number | null
  retired_at: number | null
}

export interface MailboxTable {
  id: string
  org_id: string
  project_id: string
  address: string
  local_part: string
  domain: string
  display_name: string | null
  client_id: string | null
  metadata: Json
  policy: Json
  /** What the policy says, where the sweep can see it. */
  retention_days: number | null
  created_by: string | null
  expires_at: number | null
  enabled: Flag
  message_count: number
  thread_count: number
  size_bytes: number
  /** The latest time that was given to a message. */
  last_at: number
  /** How often messages of it were handed to somebody who asked for those not handed out before. */
  fetch_count: number
  created_at: number
  updated_at: number
  deleted_at: number | null
}

export interface AddressTable {
  address: string
  mailbox_id: string
  org_id: string
  kind: string
  created_at: number
}

/** Every selector that a hook address was ever made of: none is given out again. */
export interface HookSelectorTable {
  selector: string
  created_at: number
}

export interface MessageTable {
  id: string
  org_id: string
  mailbox_id: string
  thread_id: string
  direction: string
  source: string
  status: string | null
  message_id: string
  from_list: Json
  to_list: Json
  cc_list: Json
  bcc_list: Json
  reply_to_list: Json
  subject: string | null
  preview: string | null
  in_reply_to: string | null
  reference_list: Json
  at: number
  sent_at: number | null
  size_bytes: number
  sha256: string
  blob_key: string
  seen: Flag
  flagged: Flag
  handled: Flag
  handled_at: number | null
  spam: Flag
  blocked: Flag
  unauthenticated: Flag
  trashed: Flag
  /** Spam, blocked, unauthenticated or trashed: what default lists leave out. */
  hidden: Flag
  has_code: Flag
  has_link: Flag
  opened: Flag
  labels: Json
  part_count: number
  /** Lower-cased, for substring filters. */
  from_text: string
  to_text: string
  subject_text: string
  /** The mailbox's `fetch_count` when this one was first handed out; null before. */
  fetch_number: number | null
  created_at: number
  updated_at: number
}

export interface MessageContentTable {
  message_id: string
  text: string | null
  html: string | null
  extracted_text: string | null
  extracted_html: string | null
  headers: Json
  envelope: Json | null
  authentication: Json | null
  defects: Json
  codes: Json
  links: Json
  risk: Json | null
  /** What `extracted_…` leaves out because it is the whole: 1 the text, 2 the HTML. */
  unquoted: number
}

export interface MessageLabelTable {
  message_id: string
  label: string
  mailbox_id: string
  at: number
}

export interface PartTable {
  id: string
  message_id: string
  position: number
  filename: string | null
  content_type: string
  disposition: string | null
  content_id: string | null
  size_bytes: number
  sha256: string
  byte_offset: number
  byte_length: number
  encoding: string
}

export interface DraftTable {
  id: string
  org_id: string
  mailbox_id: string
  client_id: string | null
  kind: string
  original_id: string | null
  original_message_id: string | null
  in_reply_to: string | null
  reference_list: Json
  thread_id: string | null
  to_list: Json
  cc_list: Json
  bcc_list: Json
  reply_to_list: Json
  subject: string | null
  preview: string | null
  text: string | null
  html: string | null
  labels: Json
  send_at: number | null
  send_status: string | null
  failure: string | null
  job_id: string | null
  generation: number
  created_by: string | null
  scheduled_by: string | null
  created_at: number
  updated_at: number
}

export interface DraftLabelTable {
  draft_id: string
  label: string
}

export interface DraftAttachmentTable {
  id: string
  draft_id: string
  position: number
  filename: string | null
  content_type: string
  disposition: string
  content_id: string | null
  size_bytes: number
  sha256: string
  blob_key: string
}

export interface ThreadTable {
  id: string
  org_id: string
  /** Of its mailbox. */
  project_id: Generated<string>
  mailbox_id: string
  subject: string | null
  preview: string | null
  last_message_id: string
  last_at: number
  last_received_at: number | null
  last_sent_at: number | null
  message_count: number
  size_bytes: number
  senders: Json
  recipients: Json
  labels: Json
  unread_count: number
  hidden: Flag
  /** Lower-cased, for substring filters. */
  subject_text: string
  senders_text: string
  recipients_text: string
  created_at: number
  updated_at: number
}

export interface ThreadLabelTable {
  thread_id: string
  label: string
  mailbox_id: string
  last_at: number
}

export interface DeliveryTable {
  id: string
  org_id: string
  mailbox_id: string
  message_id: string
  position: number
  mail_from: string
  recipient: string
  domain: string
  status: string
  blob_key: string
  next_attempt_at: number | null
  lease_until: number | null
  /** When a worker may take it: its next attempt, or the end of its lease; null when never again. */
  due_at: number | null
  attempt_count: number
  /** When the sender was told that it is late; null until then. */
  delay_told_at: number | null
  /** `planned`, or the job that reports its failure. */
  failure_notice: string | null
  created_at: number
  updated_at: number
}

export interface DeliveryAttemptTable {
  delivery_id: string
  number: number
  at: number
  host: string | null
  reply_code: number | null
  enhanced_code: string | null
  text: string
}

export interface CapturedTable {
  id: string
  org_id: string
  mailbox_id: string
  message_id: string
  mail_from: string
  recipients: Json
  subject: string | null
  size_bytes: number
  blob_key: string
  created_at: number
}

export interface SuppressionTable {
  org_id: string
  address: string
  reason: string
  delivery_id: string | null
  created_at: number
}

export interface ListEntryTable {
  place_id: string
  org_id: string
  project_id: string | null
  mailbox_id: string | null
  direction: string
  type: string
  entry: string
  reason: string | null
  created_at: number
}

export interface EventTable {
  /** On PostgreSQL null until the sequencer has numbered the row. */
  seq: Generated<number>
  id: string
  org_id: string
  mailbox_id: string | null
  thread_id: string | null
  message_id: string | null
  type: string
  payload: Json
  created_at: number
}

export interface JobTable {
  id: string
  kind: string
  task: Json
  run_at: number
  /** When a worker may take it: `run_at`, or the end of its lease. */
  due_at: number
  attempts: number
}

/** Who needs that no blob is deleted. */
export interface BlobHoldTable {
  id: string
  until: number
}

export interface IdempotencyTable {
  org_id: string
  key: string
  fingerprint: string
  result: Json | null
  created_at: number
  expires_at: number
}

export interface WebhookTable {
  id: string
  org_id: string
  project_id: string
  style: string
  url: string
  topics: Json
  all_mailboxes: Flag
  mailbox_ids: Json
  project_ids: Json
  secret_owner: string
  header_names: Json
  sealed_headers: string | null
  options: Json
  client_id: string | null
  enabled: Flag
  disabled_reason: string | null
  since_seq: number
  failures: number
  failing_since: number | null
  paused_until: number | null
  created_at: number
  updated_at: number
}

/** The same as `mailbox_ids` of the webhook, the other way round. */
export interface WebhookMailboxTable {
  webhook_id: string
  mailbox_id: string
}

export interface WebhookSecretTable {
  owner: string
  org_id: string
  sealed: string
  previous_sealed: string | null
  previous_until: number | null
  created_at: number
  updated_at: number
}

/** One row: up to where the event log was matched. */
export interface WebhookPositionTable {
  seq: number
}

export interface SignUpTable {
  org_id: string
  human_email: string
  mailbox_id: string
  key_id: string
  next_key_id: string | null
  code_hash: string
  code_made_at: number
  code_tries: number
  verified_at: number | null
  sends_since: number
  sends: number
  source: string | null
  referrer: string | null
  created_at: number
  updated_at: number
}

/** How often something happened in a second or an hour. */
export interface EventCountTable {
  scope: string
  step: number
  topic: string
  at: number
  count: number
}

/** What there was at the end of a second or an hour, or is now. */
export interface LevelTable {
  scope: string
  step: number
  at: number
  size_bytes: number
  messages: number
  threads: number
  mailboxes: number
  domains: number
  projects: number
}

/** One row: up to where the event log was counted. */
export interface StatisticsPositionTable {
  seq: number
}

/** A queue whose deliveries share slots. */
export interface WebhookLaneTable {
  lane: string
  org_id: string
  slots: number
  /** When there may be something to claim in it; null when nothing waits. May be too early, never too late. */
  due_at: number | null
}

export interface WebhookDeliveryTable {
  id: string
  org_id: string
  webhook_id: string
  mailbox_id: string | null
  topic: string
  event: Json
  lane: string
  replay: Flag
  state: string
  next_attempt_at: number | null
  lease_until: number | null
  /** When a worker may take it: its next attempt, or the end of its lease; null when never again. */
  due_at: number | null
  attempt_count: number
  /** Whether the last attempt was answered with a 2xx; null before the first. */
  ok: Flag | null
  created_at: number
  updated_at: number
}

export interface WebhookAttemptTable {
  delivery_id: string
  number: number
  at: number
  url: string
  status: number | null
  error: string | null
  duration_ms: number
  answer: string
}

export interface MessageUidTable {
  domain: string
  uid: number
  message_id: string
}

export interface DomainUidTable {
  domain: string
  last_uid: number
}

export interface ImapSourceTable {
  id: string
  org_id: string
  mailbox_id: string
  host: string
  port: number
  use_ssl: Flag
  username: string
  /** Case folded: it is the same user. */
  username_key: string
  folder: string
  sealed_password: string
  key_id: string
  fetch_interval_minutes: number
  after_fetch_action: string
  uid_validity: string | null
  last_uid: number
  pending_uids: Json
  last_fetch_at: number | null
  last_success_at: number | null
  last_error: string | null
  last_fetched: number
  last_ingested: number
  failures: number
  next_fetch_at: number
  lease: string | null
  lease_until: number | null
  /** When it may be taken: its next fetch, or the end of its lease. */
  due_at: number
  created_at: number
  updated_at: number | null
}

export interface SubmissionCredentialTable {
  mailbox_id: string
  org_id: string
  username: string
  password_hash: string
  created_at: number
}

export interface Schema {
  organizations: OrganizationTable
  projects: ProjectTable
  api_keys: ApiKeyTable
  domains: DomainTable
  dkim_keys: DkimKeyTable
  mailboxes: MailboxTable
  addresses: AddressTable
  hook_selectors: HookSelectorTable
  messages: MessageTable
  message_contents: MessageContentTable
  message_labels: MessageLabelTable
  message_uids: MessageUidTable
  domain_uids: DomainUidTable
  parts: PartTable
  drafts: DraftTable
  draft_labels: DraftLabelTable
  draft_attachments: DraftAttachmentTable
  threads: ThreadTable
  thread_labels: ThreadLabelTable
  deliveries: DeliveryTable
  delivery_attempts: DeliveryAttemptTable
  captured: CapturedTable
  suppressions: SuppressionTable
  list_entries: ListEntryTable
  submission_credentials: SubmissionCredentialTable
  events: EventTable
  jobs: JobTable
  blob_holds: BlobHoldTable
  idempotency: IdempotencyTable
  sign_ups: SignUpTable
  event_counts: EventCountTable
  levels: LevelTable
  statistics_position: StatisticsPositionTable
  webhooks: WebhookTable
  webhook_mailboxes: WebhookMailboxTable
  webhook_secrets: WebhookSecretTable
  webhook_position: WebhookPositionTable
  webhook_lanes: WebhookLaneTable
  webhook_deliveries: WebhookDeliveryTable
  webhook_attempts: WebhookAttemptTable
  imap_sources: ImapSourceTable
}
