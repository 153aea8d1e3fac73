import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { Schema } from './schema.ts'

/** What the two engines do differently, behind names. */
export interface Engine {
  readonly name: 'sqlite' | 'postgres'
  /** Holds the selected rows until the end of the transaction. One writer needs no such thing. */
  holdRows<TB extends keyof Schema, O>(query: SelectQueryBuilder<Schema, TB, O>): SelectQueryBuilder<Schema, TB, O>
  /** As `holdRows`, passing over rows that another worker holds. */
  holdFreeRows<TB extends keyof Schema, O>(query: SelectQueryBuilder<Schema, TB, O>): SelectQueryBuilder<Schema, TB, O>
  /** Lets one transaction at a time decide which blobs nothing refers to any more. */
  holdBlobs(db: Kysely<Schema>): Promise<void>
}

/** A connection or a transaction, and whose. */
export interface Database {
  kysely: Kysely<Schema>
  engine: Engine
}
