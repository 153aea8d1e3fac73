import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { Schema } from './schema.ts'

/** What the two engines do differently, behind names. */
export interface Engine {
  readonly name: 'sqlite' | 'postgres'
  /** Holds the selected rows until the end of the transaction, passing over those that another one holds. */
  holdFreeRows<TB extends keyof Schema, O>(query: SelectQueryBuilder<Schema, TB, O>): SelectQueryBuilder<Schema, TB, O>
  /** Says that this text will be run often. */
  keep(sql: string): void
  /** Lets one transaction at a time go on under this name. The one writer of SQLite holds everything already. */
  hold(db: Kysely<Schema>, name: string): Promise<void>
}

/** A connection or a transaction, and whose. */
export interface Database {
  kysely: Kysely<Schema>
  engine: Engine
}

/** PostgreSQL has no U+0000 in text, and both engines must keep the same. The raw bytes of a mail are kept elsewhere. */
export function storableText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
}
