import { type RawBuilder, sql } from 'kysely'
import type { MailboxId, ProjectId } from '../../core/ids.ts'
import type { Level, Point, Scope, Span } from '../../core/statistics/model.ts'
import type { MailboxLevels, ScopedPoint, StatisticsReader, StatisticsWriter } from '../../core/statistics/store.ts'
import type { WebhookTopic } from '../../core/webhooks/topics.ts'
import type { Database } from '../database.ts'
import type { MailboxTable } from '../schema.ts'

const HOUR = 3600
/** Rows an insert takes at once: SQLite has room for 32,766 parameters. */
const ROWS = 2000

export function statisticsReader(db: Database): StatisticsReader {
  return {
    async counts(scope, names, span) {
      const points = await Promise.all(segmentsOf(span).map((segment) => countsIn(db, scope, names, segment)))
      // A bucket that two segments share is one.
      const sums = Map.groupBy(points.flat(), ({ name, at }) => `${name} ${at}`)
      return [...sums.values()].map((same) => ({ ...same[0]!, value: same.reduce((sum, { value }) => sum + value, 0) }))
    },
    async changes(scope, names, span) {
      const inside = await Promise.all(segmentsOf(span).map((segment) => changesIn(db, scope, names, segment)))
      return [...(await changesBefore(db, scope, names, span.from)), ...inside.flat()]
    },
    async behind() {
      const { rows } = await sql`
        select 1 from statistics_position where seq < (select coalesce(max(seq), 0) from events)`.execute(db.kysely)
      return rows.length > 0
    },
  }
}

interface Segment extends Span {
  step: 1 | typeof HOUR
}

/** Whole hours are read from the hours, where the buckets are made of such; the seconds serve the rest. */
function segmentsOf({ from, to, period }: Span): Segment[] {
  const hours = { from: Math.ceil(from / HOUR) * HOUR, to: Math.floor(to / HOUR) * HOUR }
  if (period % HOUR !== 0 || hours.from >= hours.to) return [{ from, to, period, step: 1 }]
  const all: Segment[] = [
    { from, to: hours.from, period, step: 1 },
    { ...hours, period, step: HOUR },
    { from: hours.to, to, period, step: 1 },
  ]
  return all.filter((segment) => segment.from < segment.to)
}

// The period is no parameter: SQLite's would be a fraction, and so would be what it divides.
function within(scope: Scope, names: readonly string[], { step, from, to }: Segment): RawBuilder<unknown> {
  return sql`scope = ${scope} and step = ${sql.lit(step)} and name in (${sql.join(names)}) and at >= ${from} and at < ${to}`
}

async function countsIn(db: Database, scope: Scope, names: readonly WebhookTopic[], segment: Segment) {
  if (names.length === 0) return []
  const period = sql.lit(segment.period)
  const { rows } = await sql<Point<WebhookTopic>>`
    select name, (at / ${period}) * ${period} as at, cast(sum(value) as bigint) as value from statistics
    where ${within(scope, names, segment)} group by name, at / ${period}`.execute(db.kysely)
  return rows
}

async function changesIn(db: Database, scope: Scope, names: readonly Level[], segment: Segment) {
  if (names.length === 0) return []
  const { rows } = await sql<Point<Level>>`
    select name, at, value from (
      select name, at, value,
        row_number() over (partition by name, at / ${sql.lit(segment.period)} order by at desc) as place
      from statistics where ${within(scope, names, segment)}) numbered
    where place = 1`.execute(db.kysely)
  return rows
}

async function changesBefore(db: Database, scope: Scope, names: readonly Level[], from: number) {
  const last = names.map((name) =>
    db.kysely
      .selectFrom('statistics')
      .select(['name', 'at', 'value'])
      .where('scope', '=', scope)
      .where('step', '=', 1)
      .where('name', '=', name)
      .where('at', '<', from)
      .orderBy('at', 'desc')
      .limit(1)
      .executeTakeFirst(),
  )
  return (await Promise.all(last)).flatMap((row) => (row ? [row as Point<Level>] : []))
}

export function statisticsWriter(db: Database): StatisticsWriter {
  const { kysely } = db
  return {
    async holdPosition() {
      await db.engine.hold(kysely, 'statistics position')
      return (await kysely.selectFrom('statistics_position').select('seq').executeTakeFirstOrThrow()).seq
    },
    async moveTo(seq) {
      await kysely.updateTable('statistics_position').set({ seq }).execute()
    },
    mailboxLevels: (ids) => mailboxLevels(db, ids),
    present: (scopes) => present(db, scopes),
    async add(points) {
      const rows = points.flatMap((point) => [rowOf(point, 1), rowOf(point, HOUR)])
      await write(
        db,
        gathered(rows, (a, b) => a + b),
        sql`statistics.value + excluded.value`,
      )
    },
    async set(points) {
      const rows = points.flatMap((point) => [
        rowOf(point, 1),
        rowOf(point, HOUR),
        { ...rowOf(point, 1), step: 0, at: 0 },
      ])
      await write(
        db,
        gathered(rows, (_, b) => b),
        sql`excluded.value`,
      )
    },
    sweep: (before, limit) => sweep(db, before, limit),
  }
}

async function mailboxLevels(db: Database, ids: readonly MailboxId[]): Promise<Map<MailboxId, MailboxLevels>> {
  if (ids.length === 0) return new Map()
  const rows = await db.kysely.selectFrom('mailboxes').selectAll().where('id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.id as MailboxId, toLevels(row)]))
}

function toLevels(row: MailboxTable): MailboxLevels {
  const projectId = row.project_id as ProjectId
  if (row.deleted_at !== null) return { projectId, levels: { sizeBytes: 0, messages: 0, threads: 0, mailboxes: 0 } }
  const { size_bytes: sizeBytes, message_count: messages, thread_count: threads } = row
  return { projectId, levels: { sizeBytes, messages, threads, mailboxes: 1 } }
}

async function present(db: Database, scopes: readonly Scope[]) {
  const found = new Map<Scope, Partial<Record<Level, number>>>()
  if (scopes.length === 0) return found
  const now = db.kysely.selectFrom('statistics').select(['scope', 'name', 'value']).where('step', '=', 0)
  for (const { scope, name, value } of await now.where('scope', 'in', scopes).execute()) {
    found.set(scope as Scope, { ...found.get(scope as Scope), [name]: value })
  }
  return found
}

interface Row {
  scope: string
  step: number
  name: string
  at: number
  value: number
}

function rowOf({ scope, name, at, value }: ScopedPoint, step: number): Row {
  return { scope, step, name, at: Math.floor(at / step) * step, value }
}

/** One row for each key, in the order of the keys, so that no two transactions wait for each other in a ring. */
function gathered(rows: readonly Row[], join: (a: number, b: number) => number): Row[] {
  const byKey = new Map<string, Row>()
  for (const row of rows) {
    const key = `${row.scope} ${row.step} ${row.name} ${row.at}`
    const before = byKey.get(key)
    byKey.set(key, before ? { ...row, value: join(before.value, row.value) } : row)
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

async function write(
  db: Database,
  rows: readonly Row[],
  value: RawBuilder<number> | RawBuilder<unknown>,
): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS) {
    await db.kysely
      .insertInto('statistics')
      .values(rows.slice(at, at + ROWS))
      .onConflict((clash) =>
        clash.columns(['scope', 'step', 'name', 'at']).doUpdateSet({ value: value as RawBuilder<number> }),
      )
      .execute()
  }
}

// A level stays until a later one is as old, since it is what there was at the beginning of the time that may be asked for.
async function sweep(db: Database, before: number, limit: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from statistics where (scope, step, name, at) in (
      select s.scope, s.step, s.name, s.at from statistics s where s.at < ${before} and (
        s.value = 0 or s.name like '%.%' or (s.step > 0 and exists (
          select 1 from statistics later where later.scope = s.scope and later.step = s.step
          and later.name = s.name and later.at > s.at and later.at < ${before})))
      limit ${sql.lit(limit)})`.execute(db.kysely)
  return Number(numAffectedRows)
}
