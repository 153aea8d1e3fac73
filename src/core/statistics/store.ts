import type { MailboxId, ProjectId } from '../ids.ts'
import type { WebhookTopic } from '../webhooks/topics.ts'
import type { Level, Point, Scope, Span } from './model.ts'

export interface StatisticsReader {
  /** How often each happened in each bucket of the span; empty buckets are left out. */
  counts(scope: Scope, names: readonly WebhookTopic[], span: Span): Promise<Point<WebhookTopic>[]>
  /** The last change in each bucket of the span, and the last one before it; what is left out is 0. In no order. */
  changes(scope: Scope, names: readonly Level[], span: Span): Promise<Point<Level>[]>
  /** True when the log holds entries that were not counted yet. */
  behind(): Promise<boolean>
}

export type ScopedPoint = Point & { scope: Scope }

/** What a mailbox has now; nothing when it is deleted. */
export interface MailboxLevels {
  projectId: ProjectId
  levels: Pick<Record<Level, number>, 'sizeBytes' | 'messages' | 'threads' | 'mailboxes'>
}

export interface StatisticsWriter {
  /** Holds the position in the event log up to which was counted; one transaction at a time. */
  holdPosition(): Promise<number>
  moveTo(seq: number): Promise<void>
  mailboxLevels(ids: readonly MailboxId[]): Promise<Map<MailboxId, MailboxLevels>>
  /** The present levels, by scope and name. */
  present(scopes: readonly Scope[]): Promise<Map<Scope, Partial<Record<Level, number>>>>
  /** Adds to what is there. At most one point for a scope, name and second. */
  add(points: readonly ScopedPoint[]): Promise<void>
  /** Replaces what is there, and the present level. At most one point for a scope, name and second. */
  set(points: readonly ScopedPoint[]): Promise<void>
  /** Drops up to `limit` rows that no question about the time since `before` (epoch seconds) needs; how many there were. */
  sweep(before: number, limit: number): Promise<number>
}
