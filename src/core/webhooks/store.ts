import type { Reach } from '../accounts/caller.ts'
import type { MailboxId, OrgId, ProjectId, WebhookDeliveryId, WebhookId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type {
  Webhook,
  WebhookAttempt,
  WebhookDelivery,
  WebhookDeliveryState,
  WebhookSecret,
  WebhookStyle,
} from './model.ts'
import type { WebhookTopic } from './topics.ts'

export interface WebhookFilter {
  styles?: readonly WebhookStyle[]
  /** Those whose filter names this mailbox, or this project. */
  mailboxId?: MailboxId
  projectId?: ProjectId
}

export interface WebhookDeliveryFilter {
  webhookId?: WebhookId
  topic?: WebhookTopic
  /** True: a 2xx came. False: it was attempted, and none came yet. */
  success?: boolean
}

export interface WebhookReader {
  get(org: OrgId, id: WebhookId): Promise<Webhook | undefined>
  byClientId(org: OrgId, styles: readonly WebhookStyle[], clientId: string): Promise<Webhook | undefined>
  /** For each of these mailboxes the webhook of a style that is for it alone. */
  ofMailboxes(style: WebhookStyle, mailboxes: readonly MailboxId[]): Promise<Map<MailboxId, Webhook>>
  /** One that tells nothing from outside this reach: a mailbox or project sees what is about it alone. */
  within(reach: Reach, id: WebhookId): Promise<Webhook | undefined>
  /** Those that tell nothing from outside this reach, newest first. */
  list(reach: Reach, filter: WebhookFilter, page: PageRequest): Promise<Page<Webhook>>
  secret(owner: string): Promise<WebhookSecret | undefined>
  delivery(org: OrgId, id: WebhookDeliveryId): Promise<WebhookDelivery | undefined>
  /** Newest first, attempts oldest first. */
  deliveries(org: OrgId, filter: WebhookDeliveryFilter, page: PageRequest): Promise<Page<WebhookDelivery>>
  /** True when the log holds entries that were not matched yet and somebody may want. */
  behind(): Promise<boolean>
  /** The earliest time at which there may be something to claim outside these organizations. */
  nextDue(except: readonly OrgId[]): Promise<number | undefined>
  /** How many deliveries wait, for the metrics. */
  depth(): Promise<number>
}

/** A new delivery and the queue it waits in: at most `slots` of one lane are under way at a time, on all nodes together. */
export interface QueuedDelivery {
  delivery: WebhookDelivery
  lane: { name: string; slots: number }
}

/** What one attempt changed. */
export interface WebhookOutcome {
  id: WebhookDeliveryId
  state: WebhookDeliveryState
  nextAttemptAt: number | null
  attempt: WebhookAttempt | null
}

export interface WebhookWriter extends WebhookReader {
  insert(webhook: Webhook): Promise<void>
  /** Writes everything but its identity and its failures. */
  update(webhook: Webhook): Promise<void>
  delete(id: WebhookId): Promise<void>
  /** Makes or replaces. */
  putSecret(secret: WebhookSecret): Promise<void>
  deleteSecret(owner: string): Promise<void>

  /** Holds the position in the event log up to which webhooks were matched; one transaction at a time. */
  holdPosition(): Promise<number>
  moveTo(seq: number): Promise<void>
  anyEnabled(): Promise<boolean>
  /** The enabled webhooks that events of these organizations and mailboxes, or of any project there, may concern. */
  candidates(orgs: readonly OrgId[], mailboxes: readonly MailboxId[]): Promise<Webhook[]>

  enqueue(deliveries: readonly QueuedDelivery[]): Promise<void>
  /**
   * Takes up to `limit` due deliveries until `leaseUntil`, no lane beyond its slots; lanes that wait longest come first. Comes without
   * the attempts so far.
   */
  claim(now: number, leaseUntil: number, limit: number, except: readonly OrgId[]): Promise<WebhookDelivery[]>
  /** Holds the delivery's lane and answers what it is now, without its attempts; undefined when it is gone. */
  hold(org: OrgId, id: WebhookDeliveryId): Promise<WebhookDelivery | undefined>
  /** Writes an outcome, which ends the lease. */
  record(outcome: WebhookOutcome, now: number): Promise<void>
  /** Gives claimed deliveries back unattempted. */
  release(ids: readonly WebhookDeliveryId[], now: number): Promise<void>
  cancelOfWebhook(id: WebhookId, now: number): Promise<void>
  cancelOfMailbox(id: MailboxId, now: number): Promise<void>
  /** One more failure since the last success; the first one's time stays. Answers the counts as they are now. */
  countFailure(id: WebhookId, at: number): Promise<{ failures: number; failingSince: number }>
  /** A success: no failures, no pause. */
  clearFailures(id: WebhookId): Promise<void>
  /** Nothing of this webhook that waits is due before `until`. */
  pause(id: WebhookId, until: number): Promise<void>
  /** What waits for this webhook waits in this lane from now on. */
  changeLane(id: WebhookId, lane: QueuedDelivery['lane']): Promise<void>
  /** Drops up to `limit` finished deliveries made before `before`; how many there were. */
  sweep(before: number, limit: number): Promise<number>
}
