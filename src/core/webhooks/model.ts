import type { LoggedEvent } from '../events/model.ts'
import type { MailboxId, OrgId, ProjectId, WebhookDeliveryId, WebhookId } from '../ids.ts'
import type { WebhookTopic } from './topics.ts'

/** The dialect a webhook was made in: whose body, headers, signature and calendar it gets. */
export type WebhookStyle = 'agents' | 'agents-v0' | 'automation' | 'disposable' | 'mailboxes'

/** `gone`: the receiver answered 410. `failing`: nothing but failures for too long. `filter_empty`: its mailboxes and projects were deleted. */
export type DisabledReason = 'request' | 'gone' | 'failing' | 'filter_empty'

/** Where to post which events. */
export interface Webhook {
  id: WebhookId
  orgId: OrgId
  projectId: ProjectId
  style: WebhookStyle
  url: string
  /** Without duplicates, in the order they were given. */
  topics: WebhookTopic[]
  /** False: only events of `mailboxIds` and of everything in `projectIds`, which may both have become empty. */
  allMailboxes: boolean
  mailboxIds: MailboxId[]
  projectIds: ProjectId[]
  /** Whose secret signs: `webhook:<id>` for one of its own, or that of something it shares with others. */
  secretOwner: string
  /** Names of the custom headers as given; their values are sealed. */
  headerNames: string[]
  sealedHeaders: string | null
  /** What else its dialect keeps with it; core never looks inside. */
  options: Record<string, unknown>
  clientId: string | null
  enabled: boolean
  disabledReason: DisabledReason | null
  /** Events at or before this position of the log are not for it: it was made, or enabled again, after them. */
  sinceSeq: number
  /** Failures without a success between, since when, and until when nothing is attempted because of them. */
  failures: number
  failingSince: number | null
  pausedUntil: number | null
  createdAt: number
  updatedAt: number
}

/** A signing secret. After a rotation the one before goes on signing beside it for a day. */
export interface WebhookSecret {
  owner: string
  orgId: OrgId
  sealed: string
  previousSealed: string | null
  previousUntil: number | null
  createdAt: number
  updatedAt: number
}

/** An entry of the event log as it was when it was matched. A sample for a test has `seq` 0 and is in no log. */
export interface WebhookEvent extends LoggedEvent {
  topic: WebhookTopic
  test: boolean
}

/** `dead`: given up after the last attempt. `cancelled`: its webhook or its message went away first. */
export type WebhookDeliveryState = 'pending' | 'delivered' | 'dead' | 'cancelled'

/** Why no answer came, in words that tell nothing about the inside of our network. `render`: we failed to make the body. */
export type WebhookError = 'blocked' | 'dns' | 'connect' | 'tls' | 'timeout' | 'broken' | 'render'

/** One request and what came of it. */
export interface WebhookAttempt {
  at: number
  url: string
  /** Null when no answer came; then `error` says why. */
  status: number | null
  error: WebhookError | null
  durationMs: number
  /** The first 1 KiB of the answer's body. */
  answer: string
}

/** One event on its way to one webhook. A replay is a delivery of its own with the same event. */
export interface WebhookDelivery {
  id: WebhookDeliveryId
  orgId: OrgId
  webhookId: WebhookId
  event: WebhookEvent
  replay: boolean
  state: WebhookDeliveryState
  /** Null when it never will be attempted again. */
  nextAttemptAt: number | null
  /** A claimed delivery is free again after this time. */
  leaseUntil: number | null
  attemptCount: number
  attempts: WebhookAttempt[]
  createdAt: number
  updatedAt: number
}
