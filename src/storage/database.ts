import type { CompiledQuery, Kysely, QueryResult, RawBuilder, SelectQueryBuilder } from 'kysely'
import type { Schema } from './schema.ts'

/** What the two engines do differently, behind names. */
export interface Engine {
  readonly name: 'sqlite' | 'postgres'
  /** Holds the selected rows until the end of the transaction, passing over those that another one holds. */
  holdFreeRows<TB extends keyof Schema, O>(query: SelectQueryBuilder<Schema, TB, O>): SelectQueryBuilder<Schema, TB, O>
  /** Says that this text will be run often. */
  keep(sql: string): void
  /** Holds a mailbox's row until the end of the transaction, as `nextTime` does. */
  holdMailbox(db: Kysely<Schema>, id: string): Promise<void>
  /** A text field of the first entry of a list of objects that a column keeps as JSON. */
  inList(column: string, field: string): RawBuilder<string | null>
  /** Numbers new messages in one statement, in the order of their domains; undefined where a statement is no round trip. */
  numberMessages?(db: Connection, copies: readonly { mailboxId: string; messageId: string }[]): Promise<void>
  /** Lets one transaction at a time go on under this name. The one writer of SQLite holds everything already. */
  hold(db: Kysely<Schema>, name: string): Promise<void>
}

/** A connection or a transaction, and whose. */
export interface Connection {
  kysely: Kysely<Schema>
  engine: Engine
  /** Set where several commands share a transaction. */
  shared?: Shared
}

/** A transaction that several commands share, and what they leave to its end. */
export interface Shared {
  /** Sends a statement before it returns, so that none that comes later overtakes it. */
  send<R>(query: CompiledQuery<R>): Promise<QueryResult<R>>
  /** Takes a write that was sent: the commit waits for it, so nobody else need. */
  behind(writing: Promise<unknown>): void
  /** Messages that are to have a number in their domain. */
  unnumbered: { mailboxId: string; messageId: string }[]
}

export interface Database extends Connection {
  /** The time of the command, or of the reading: what is over by then is not seen any more. */
  now(): number
}

/**
 * A value as both engines keep it. PostgreSQL has no U+0000 in text; the raw bytes of a mail are kept elsewhere.
 * Anything but a scalar would be taken by each driver for something else of its own.
 */
export function storable(value: unknown): string | number | bigint | null {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value
  throw new TypeError(`A value of type ${typeof value} cannot be stored`)
}
