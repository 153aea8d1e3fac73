import { type Kysely, sql } from 'kysely'
import type { Migration } from './migrations/list.ts'
import type { Schema } from './schema.ts'

/** Runs what has not been run yet, in order. The caller holds a transaction that no other process can be in. */
export async function migrate(db: Kysely<Schema>, migrations: Migration[]): Promise<void> {
  await sql`create table if not exists migrations (name text primary key, applied_at bigint not null)`.execute(db)
  const { rows } = await sql<{ name: string }>`select name from migrations`.execute(db)
  const applied = new Set(rows.map((row) => row.name))
  for (const { name, statements } of migrations.filter((m) => !applied.has(m.name))) {
    for (const statement of statements) await sql.raw(statement).execute(db)
    await sql`insert into migrations (name, applied_at) values (${name}, ${Date.now()})`.execute(db)
  }
}
