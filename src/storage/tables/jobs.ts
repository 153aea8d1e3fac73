import { sql } from 'kysely'
import { type JobId, newId } from '../../core/ids.ts'
import type { Job, JobTask } from '../../core/jobs/model.ts'
import type { JobReader, JobWriter } from '../../core/jobs/store.ts'
import type { Database } from '../database.ts'
import type { JobTable } from '../schema.ts'

export function jobReader(db: Database): JobReader {
  return {
    async nextDue() {
      const next = db.kysely.selectFrom('jobs').select('due_at').orderBy('due_at').limit(1)
      return (await next.executeTakeFirst())?.due_at
    },
    async blobsHeldUntil(now) {
      const held = db.kysely.selectFrom('blob_holds').select('until').where('until', '>', now)
      return (await held.orderBy('until', 'desc').limit(1).executeTakeFirst())?.until
    },
  }
}

export function jobWriter(db: Database): JobWriter {
  const { kysely } = db
  return {
    ...jobReader(db),
    add: (task, runAt) => add(db, task, runAt),
    async ensure(task, runAt) {
      await db.engine.hold(kysely, 'jobs')
      const known = kysely.selectFrom('jobs').select('id').where('kind', '=', task.kind).limit(1)
      if (!(await known.executeTakeFirst())) await add(db, task, runAt)
    },
    claim: (now, leaseUntil, limit) => claim(db, now, leaseUntil, limit),
    async holdBlobs(id, until) {
      const hold = kysely.insertInto('blob_holds').values({ id, until })
      await hold.onConflict((conflict) => conflict.column('id').doUpdateSet({ until })).execute()
    },
    async releaseBlobs(id, now) {
      const over = kysely.deleteFrom('blob_holds').where((eb) => eb.or([eb('id', '=', id), eb('until', '<=', now)]))
      await over.execute()
    },
    async releaseAll() {
      const leased = kysely.updateTable('jobs').whereRef('due_at', '<>', 'run_at')
      await leased.set((eb) => ({ due_at: eb.ref('run_at') })).execute()
    },
    async done(id) {
      await kysely.deleteFrom('jobs').where('id', '=', id).execute()
    },
    async retry(id, runAt) {
      await kysely.updateTable('jobs').set({ run_at: runAt, due_at: runAt }).where('id', '=', id).execute()
    },
    async goOn(id, task, runAt) {
      const fresh = { kind: task.kind, task: JSON.stringify(task), run_at: runAt, due_at: runAt, attempts: 0 }
      await kysely.updateTable('jobs').set(fresh).where('id', '=', id).execute()
    },
  }
}

async function add(db: Database, task: JobTask, runAt: number): Promise<JobId> {
  const id = newId<JobId>()
  const row = { id, kind: task.kind, task: JSON.stringify(task), run_at: runAt, due_at: runAt }
  await db.kysely
    .insertInto('jobs')
    .values({ ...row, attempts: 0 })
    .execute()
  return id
}

async function claim(db: Database, now: number, leaseUntil: number, limit: number): Promise<Job[]> {
  const due = db.kysely.selectFrom('jobs').select(['id', 'due_at']).where('due_at', '<=', now)
  const free = await db.engine.holdFreeRows(due.orderBy('due_at').orderBy('id').limit(limit)).execute()
  if (free.length === 0) return []
  const ids = free.map((row) => row.id)
  const claimed = db.kysely.updateTable('jobs').where('id', 'in', ids)
  const rows = await claimed.set({ due_at: leaseUntil, attempts: sql<number>`attempts + 1` }).returningAll().execute()
  const byId = new Map(rows.map((row) => [row.id, toJob(row)]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

function toJob(row: JobTable): Job {
  return { id: row.id as JobId, task: JSON.parse(row.task), runAt: row.run_at, attempts: row.attempts }
}
