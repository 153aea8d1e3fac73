import type { MailboxId, ProjectId } from '../ids.ts'
import type { Count, CountedTopic, Levels, Scope, Span, Standing } from './model.ts'

export interface StatisticsReader {
  /** How often each happened in each bucket of the span; empty buckets are left out. */
  counts(scope: Scope, topics: readonly CountedTopic[], span: Span): Promise<Count[]>
  /** The last change in each bucket of the span, and the last one before it; before the first there was nothing. In no order. */
  standings(scope: Scope, span: Span): Promise<Standing[]>
  /** True when the log holds entries that were not counted yet. */
  behind(): Promise<boolean>
}

export type ScopedCount = Count & { scope: Scope }
export type ScopedStanding = Standing & { scope: Scope }

/** Where a mailbox is, and what it has now: nothing when it is deleted. */
export interface MailboxLevels {
  projectId: ProjectId
  levels: Levels
}

export interface StatisticsWriter {
  /** Holds the position in the event log up to which was counted; one transaction at a time. */
  holdPosition(): Promise<number>
  moveTo(seq: number): Promise<void>
  mailboxLevels(ids: readonly MailboxId[]): Promise<Map<MailboxId, MailboxLevels>>
  /** How it stood at the last change; without one there is nothing yet. */
  present(scopes: readonly Scope[]): Promise<Map<Scope, Levels>>
  /** Adds to what is there. At most one for a scope, topic and second. */
  add(counts: readonly ScopedCount[]): Promise<void>
  /** Replaces what is there, and the present. At most one for a scope. */
  set(standings: readonly ScopedStanding[]): Promise<void>
  /** Drops up to `limit` rows that no question about the time since `before` (epoch seconds) needs; how many there were. */
  sweep(before: number, limit: number): Promise<number>
}
