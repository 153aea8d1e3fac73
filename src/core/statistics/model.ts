import type { MailboxId, OrgId, ProjectId } from '../ids.ts'
import type { WebhookTopic } from '../webhooks/topics.ts'

/** What there is of something, at a time. */
export const levels = ['sizeBytes', 'messages', 'threads', 'mailboxes', 'domains', 'projects'] as const
export type Level = (typeof levels)[number]

/** What is counted: how often something happened, or what there is. */
export type SeriesName = WebhookTopic | Level

/** Of what: an organization, a project or a mailbox, by its id alone. */
export type Scope = OrgId | ProjectId | MailboxId

/** Epoch seconds, the end not included; a bucket begins at each multiple of `period`. */
export interface Span {
  from: number
  to: number
  period: number
}

/** A value of a series at a time in epoch seconds: of the second, or of the bucket that begins there. */
export interface Point<Name extends SeriesName = SeriesName> {
  name: Name
  at: number
  value: number
}
