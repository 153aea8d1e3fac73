import { type RawBuilder, sql } from 'kysely'
import type { MailboxId, ProjectId } from '../../core/ids.ts'
import {
  type Count,
  type CountedTopic,
  type Levels,
  noLevels,
  type Scope,
  type Span,
  type Standing,
} from '../../core/statistics/model.ts'
import type { MailboxLevels, ScopedCount, StatisticsReader, StatisticsWriter } from '../../core/statistics/store.ts'
import type { Database } from '../database.ts'
import type { EventCountTable, LevelTable, MailboxTable } from '../schema.ts'

const HOUR = 3600
/** Rows an insert takes at once: SQLite has room for 32,766 parameters. */
const ROWS = 2000

export function statisticsReader(db: Database): StatisticsReader {
  return {
    async counts(scope, topics, span) {
      const counts = await Promise.all(segmentsOf(span).map((segment) => countsIn(db, scope, topics, segment)))
      return joined(counts.flat())
    },
    async standings(scope, span) {
      const inside = await Promise.all(segmentsOf(span).map((segment) => standingsIn(db, scope, segment)))
      return [...(await standingBefore(db, scope, span.from)), ...inside.flat()].map(toStanding)
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
function bucket({ period }: Segment): RawBuilder<number> {
  return sql<number>`at / ${sql.lit(period)}`
}

function within(scope: Scope, { step, from, to }: Segment): RawBuilder<unknown> {
  return sql`scope = ${scope} and step = ${sql.lit(step)} and at >= ${from} and at < ${to}`
}

async function countsIn(db: Database, scope: Scope, topics: readonly CountedTopic[], segment: Segment) {
  if (topics.length === 0) return []
  const { rows } = await sql<Count>`
    select topic, (${bucket(segment)}) * ${sql.lit(segment.period)} as at, cast(sum(count) as bigint) as count
    from event_counts where ${within(scope, segment)} and topic in (${sql.join(topics)})
    group by topic, ${bucket(segment)}`.execute(db.kysely)
  return rows
}

/** A bucket that two segments share is one. */
function joined(counts: readonly Count[]): Count[] {
  const same = Map.groupBy(counts, ({ topic, at }) => `${topic} ${at}`)
  return [...same.values()].flatMap(([first, ...rest]) =>
    first ? [{ ...first, count: rest.reduce((sum, { count }) => sum + count, first.count) }] : [],
  )
}

async function standingsIn(db: Database, scope: Scope, segment: Segment) {
  const { rows } = await sql<LevelTable>`
    select * from (
      select levels.*, row_number() over (partition by ${bucket(segment)} order by at desc) as place
      from levels where ${within(scope, segment)}) numbered
    where place = 1`.execute(db.kysely)
  return rows
}

function standingBefore(db: Database, scope: Scope, from: number) {
  const before = db.kysely.selectFrom('levels').selectAll().where('scope', '=', scope).where('step', '=', 1)
  return before.where('at', '<', from).orderBy('at', 'desc').limit(1).execute()
}

function toStanding(row: LevelTable): Standing {
  return { at: row.at, levels: toLevels(row) }
}

function toLevels({ size_bytes: sizeBytes, messages, threads, mailboxes, domains, projects }: LevelTable): Levels {
  return { sizeBytes, messages, threads, mailboxes, domains, projects }
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
    async present(scopes) {
      if (scopes.length === 0) return new Map()
      const now = kysely.selectFrom('levels').selectAll().where('step', '=', 0).where('scope', 'in', scopes)
      return new Map((await now.execute()).map((row) => [row.scope as Scope, toLevels(row)]))
    },
    add: (counts) => addCounts(db, counts),
    async set(standings) {
      const rows = standings.flatMap(({ scope, at, levels }) => {
        const { sizeBytes: size_bytes, ...rest } = levels
        const row = (step: number, start: number) => ({ scope, step, at: start, size_bytes, ...rest })
        return [row(0, 0), row(1, at), row(HOUR, hourOf(at))]
      })
      await setLevels(db, rows)
    },
    sweep: (before, limit) => sweep(db, before, limit),
  }
}

async function mailboxLevels(db: Database, ids: readonly MailboxId[]): Promise<Map<MailboxId, MailboxLevels>> {
  if (ids.length === 0) return new Map()
  const columns = ['id', 'project_id', 'deleted_at', 'size_bytes', 'message_count', 'thread_count'] as const
  const rows = await db.kysely.selectFrom('mailboxes').select(columns).where('id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.id as MailboxId, levelsOf(row)]))
}

type MailboxRow = Pick<MailboxTable, 'project_id' | 'deleted_at' | 'size_bytes' | 'message_count' | 'thread_count'>

function levelsOf(row: MailboxRow): MailboxLevels {
  const projectId = row.project_id as ProjectId
  if (row.deleted_at !== null) return { projectId, levels: noLevels }
  const { size_bytes: sizeBytes, message_count: messages, thread_count: threads } = row
  return { projectId, levels: { ...noLevels, sizeBytes, messages, threads, mailboxes: 1 } }
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR) * HOUR
}

async function addCounts(db: Database, counts: readonly ScopedCount[]): Promise<void> {
  const byHour = Map.groupBy(counts, ({ scope, topic, at }) => `${scope} ${topic} ${hourOf(at)}`)
  const hours = [...byHour.values()].flatMap(([first, ...rest]) =>
    first
      ? [{ ...first, at: hourOf(first.at), step: HOUR, count: rest.reduce((n, { count }) => n + count, first.count) }]
      : [],
  )
  const rows: EventCountTable[] = [...counts.map((count) => ({ ...count, step: 1 })), ...hours]
  for (const some of bites(rows)) {
    const added = db.kysely.insertInto('event_counts').values(some)
    const count = sql<number>`event_counts.count + excluded.count`
    await added.onConflict((clash) => clash.columns(['scope', 'step', 'topic', 'at']).doUpdateSet({ count })).execute()
  }
}

async function setLevels(db: Database, rows: readonly LevelTable[]): Promise<void> {
  const names = ['size_bytes', 'messages', 'threads', 'mailboxes', 'domains', 'projects'] as const
  const given = Object.fromEntries(names.map((name) => [name, sql<number>`excluded.${sql.ref(name)}`]))
  for (const some of bites(rows)) {
    const added = db.kysely.insertInto('levels').values(some)
    await added.onConflict((clash) => clash.columns(['scope', 'step', 'at']).doUpdateSet(given)).execute()
  }
}

function bites<T>(rows: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / ROWS) }, (_, i) => rows.slice(i * ROWS, (i + 1) * ROWS))
}

// How it stood stays until a later standing is as old, since that is how it was when the time that may be asked for began.
async function sweep(db: Database, before: number, limit: number): Promise<number> {
  const counts = await sql`
    delete from event_counts where (scope, step, topic, at) in (
      select scope, step, topic, at from event_counts where at < ${before} limit ${sql.lit(limit)})`.execute(db.kysely)
  const levels = await sql`
    delete from levels where (scope, step, at) in (
      select l.scope, l.step, l.at from levels l where l.at < ${before} and (
        l.size_bytes + l.messages + l.threads + l.mailboxes + l.domains + l.projects = 0
        or (l.step > 0 and exists (
          select 1 from levels later where later.scope = l.scope and later.step = l.step
          and later.at > l.at and later.at < ${before})))
      limit ${sql.lit(limit)})`.execute(db.kysely)
  return Math.max(Number(counts.numAffectedRows ?? 0), Number(levels.numAffectedRows ?? 0))
}
