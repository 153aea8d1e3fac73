import { sql } from 'kysely'
import type { OrgId, WebhookDeliveryId, WebhookId } from '../../core/ids.ts'
import type { WebhookDelivery } from '../../core/webhooks/model.ts'
import type { QueuedDelivery, WebhookOutcome, WebhookReader, WebhookWriter } from '../../core/webhooks/store.ts'
import type { Database } from '../database.ts'
import type { WebhookAttemptTable, WebhookDeliveryTable, WebhookLaneTable } from '../schema.ts'
import { rowOf, statement } from '../statement.ts'
import { sweepWebhookLog, toDelivery } from './webhook-log.ts'

// A lane is a queue whose deliveries share slots. Its row says when there may be something to claim in it and stands for a lock on
// the whole lane: whoever changes a delivery's place in the queue writes the lane's row first, and works out `due_at` last.

export function webhookQueueReader(db: Database): Pick<WebhookReader, 'behind' | 'nextDue' | 'depth'> {
  return {
    async behind() {
      const { rows } = await sql`
        select 1 from webhook_position where exists (select 1 from webhooks where enabled = 1)
        and seq < (select coalesce(max(seq), 0) from events)`.execute(db.kysely)
      return rows.length > 0
    },
    async nextDue(except) {
      if (except.length === 0) return (await firstLane.first(db, {}))?.due_at ?? undefined
      const waiting = db.kysely.selectFrom('webhook_lanes').select('due_at').where('due_at', 'is not', null)
      const others = waiting.where('org_id', 'not in', except)
      return (await others.orderBy('due_at').limit(1).executeTakeFirst())?.due_at ?? undefined
    },
    async depth() {
      const waiting = db.kysely.selectFrom('webhook_deliveries').where('due_at', 'is not', null)
      return (await waiting.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()).n
    },
  }
}

const firstLane = statement((db) =>
  db.selectFrom('webhook_lanes').select('due_at').where('due_at', 'is not', null).orderBy('due_at').limit(1),
)

type QueueWriter = Pick<
  WebhookWriter,
  | 'holdPosition'
  | 'moveTo'
  | 'anyEnabled'
  | 'enqueue'
  | 'claim'
  | 'hold'
  | 'record'
  | 'release'
  | 'cancelOfWebhook'
  | 'cancelOfMailbox'
  | 'pause'
  | 'changeLane'
  | 'sweep'
>

export function webhookQueueWriter(db: Database): QueueWriter {
  const { kysely } = db
  return {
    async holdPosition() {
      await db.engine.hold(kysely, 'webhook position')
      return (await kysely.selectFrom('webhook_position').select('seq').executeTakeFirstOrThrow()).seq
    },
    async moveTo(seq) {
      await kysely.updateTable('webhook_position').set({ seq }).execute()
    },
    async anyEnabled() {
      // A constant, since a parameter cannot lead to an index of those rows only.
      const enabled = kysely.selectFrom('webhooks').select('id').where(sql<boolean>`enabled = 1`)
      return (await enabled.limit(1).executeTakeFirst()) !== undefined
    },
    enqueue: (deliveries) => enqueue(db, deliveries),
    claim: (now, leaseUntil, limit, except) => claim(db, now, leaseUntil, limit, except),
    hold: (org, id) => hold(db, org, id),
    record: (outcome, now) => record(db, outcome, now),
    release: (ids, now) => release(db, ids, now),
    async cancelOfWebhook(id, now) {
      const waiting = kysely.updateTable('webhook_deliveries').where('webhook_id', '=', id)
      await waiting.where('due_at', 'is not', null).set(cancelled(now)).execute()
    },
    async cancelOfMailbox(id, now) {
      const waiting = kysely.updateTable('webhook_deliveries').where('mailbox_id', '=', id)
      await waiting.where('due_at', 'is not', null).set(cancelled(now)).execute()
    },
    pause: (id, until) => pause(db, id, until),
    changeLane: (id, lane) => changeLane(db, id, lane),
    sweep: (before, limit) => sweepWebhookLog(db, before, limit),
  }
}

function cancelled(now: number) {
  return { state: 'cancelled', next_attempt_at: null, lease_until: null, due_at: null, updated_at: now }
}

const deliveryColumns = [
  ...['id', 'org_id', 'webhook_id', 'mailbox_id', 'topic', 'event', 'lane', 'replay', 'state', 'next_attempt_at'],
  ...['lease_until', 'due_at', 'attempt_count', 'ok', 'created_at', 'updated_at'],
] as (keyof WebhookDeliveryTable)[]

const insertDelivery = statement((db, v: WebhookDeliveryTable) =>
  db.insertInto('webhook_deliveries').values(rowOf(v, deliveryColumns)),
)

const laneColumns = ['lane', 'org_id', 'slots', 'due_at'] as const

// The earlier of the two times, in words that both engines have.
const openLane = statement((db, v: WebhookLaneTable) =>
  db
    .insertInto('webhook_lanes')
    .values(rowOf(v, laneColumns))
    .onConflict((clash) =>
      clash.column('lane').doUpdateSet({
        slots: sql<number>`excluded.slots`,
        due_at: sql<number>`case when webhook_lanes.due_at < excluded.due_at then webhook_lanes.due_at else excluded.due_at end`,
      }),
    ),
)

async function enqueue(db: Database, deliveries: readonly QueuedDelivery[]): Promise<void> {
  for (const { delivery, lane } of deliveries) await insertDelivery.change(db, fromDelivery(delivery, lane.name))
  const lanes = Map.groupBy(deliveries, ({ lane }) => lane.name)
  // Always in the same order, so that two transactions never wait for each other in a ring.
  for (const name of [...lanes.keys()].sort()) {
    const [first] = lanes.get(name) ?? []
    if (!first) continue
    const due = Math.min(...(lanes.get(name) ?? []).map(({ delivery }) => delivery.nextAttemptAt ?? delivery.createdAt))
    await openLane.change(db, { lane: name, org_id: first.delivery.orgId, slots: first.lane.slots, due_at: due })
  }
}

async function claim(
  db: Database,
  now: number,
  leaseUntil: number,
  limit: number,
  except: readonly OrgId[],
): Promise<WebhookDelivery[]> {
  let due = db.kysely.selectFrom('webhook_lanes').select(['lane', 'slots', 'due_at']).where('due_at', '<=', now)
  if (except.length > 0) due = due.where('org_id', 'not in', except)
  const lanes = await db.engine.holdFreeRows(due.orderBy('due_at').limit(limit)).execute()
  const claimed: WebhookDeliveryTable[] = []
  for (const { lane, slots } of lanes) {
    if (claimed.length >= limit) break
    claimed.push(...(await claimInLane(db, lane, slots, now, leaseUntil, limit - claimed.length)))
  }
  return claimed.map((row) => toDelivery(row, []))
}

const leases = statement((db, v: { lane: string; now: number }) =>
  db
    .selectFrom('webhook_deliveries')
    .select((eb) => [eb.fn.countAll<number>().as('taken'), eb.fn.min('lease_until').as('firstEnd')])
    .where('lane', '=', v.lane)
    .where('lease_until', '>', v.now),
)

const dueInLane = statement((db, v: { lane: string; now: number; limit: number }) =>
  db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('lane', '=', v.lane)
    .where('due_at', '<=', v.now)
    .orderBy('due_at')
    .orderBy('id')
    .limit(v.limit),
)

const lease = statement((db, v: { id: string; until: number }) =>
  db.updateTable('webhook_deliveries').set({ lease_until: v.until, due_at: v.until }).where('id', '=', v.id),
)

async function claimInLane(db: Database, lane: string, slots: number, now: number, until: number, limit: number) {
  const taken = (await leases.first(db, { lane, now }))?.taken ?? 0
  const free = Math.min(slots - taken, limit)
  const rows = free > 0 ? await dueInLane.all(db, { lane, now, limit: free }) : []
  for (const { id } of rows) await lease.change(db, { id, until })
  await settle(db, lane, now)
  return rows.map((row) => ({ ...row, lease_until: until, due_at: until }))
}

const firstDue = statement((db, v: { lane: string }) =>
  db
    .selectFrom('webhook_deliveries')
    .select((eb) => eb.fn.min('due_at').as('at'))
    .where('lane', '=', v.lane)
    .where('due_at', 'is not', null),
)

const slotsOf = statement((db, v: { lane: string }) =>
  db.selectFrom('webhook_lanes').select('slots').where('lane', '=', v.lane),
)

const setDue = statement((db, v: { lane: string; due: number | null }) =>
  db.updateTable('webhook_lanes').set({ due_at: v.due }).where('lane', '=', v.lane),
)

// A lane without a free slot is due when a lease runs out; whoever ends a lease before settles it again.
async function settle(db: Database, lane: string, now: number): Promise<void> {
  const slots = (await slotsOf.first(db, { lane }))?.slots ?? 0
  const { taken = 0, firstEnd = null } = (await leases.first(db, { lane, now })) ?? {}
  const due = taken >= slots ? firstEnd : ((await firstDue.first(db, { lane }))?.at ?? null)
  await setDue.change(db, { lane, due })
}

// Writing a row, even as it is, holds it until the end of the transaction on both engines.
const holdLane = statement((db, v: { lane: string }) =>
  db
    .updateTable('webhook_lanes')
    .set((eb) => ({ slots: eb.ref('slots') }))
    .where('lane', '=', v.lane),
)

const deliveryById = statement((db, v: { org: string; id: string }) =>
  db.selectFrom('webhook_deliveries').selectAll().where('id', '=', v.id).where('org_id', '=', v.org),
)

async function hold(db: Database, org: OrgId, id: WebhookDeliveryId): Promise<WebhookDelivery | undefined> {
  const before = await deliveryById.first(db, { org, id })
  if (!before) return undefined
  await holdLane.change(db, { lane: before.lane })
  const row = await deliveryById.first(db, { org, id })
  return row && toDelivery(row, [])
}

const changeDelivery = statement(
  (db, v: { id: string; state: string; next: number | null; tries: number; ok: 0 | 1 | null; now: number }) =>
    db
      .updateTable('webhook_deliveries')
      .set((eb) => ({
        state: v.state,
        next_attempt_at: v.next,
        due_at: v.next,
        lease_until: null,
        attempt_count: eb('attempt_count', '+', v.tries),
        ok: eb.fn.coalesce(sql<0 | 1 | null>`cast(${v.ok} as integer)`, 'ok'),
        updated_at: v.now,
      }))
      .where('id', '=', v.id)
      .returning(['attempt_count', 'lane']),
)

const attemptColumns = ['delivery_id', 'number', 'at', 'url', 'status', 'error', 'duration_ms', 'answer'] as const

const insertAttempt = statement((db, v: WebhookAttemptTable) =>
  db.insertInto('webhook_attempts').values(rowOf(v, attemptColumns)),
)

async function record(db: Database, { id, state, nextAttemptAt, attempt }: WebhookOutcome, now: number): Promise<void> {
  const ok = attempt === null ? null : state === 'delivered' ? 1 : 0
  const change = { id, state, next: nextAttemptAt, tries: attempt ? 1 : 0, ok, now } as const
  const row = await changeDelivery.first(db, change)
  if (!row) return
  if (attempt) {
    const { at, url, status, error, durationMs, answer } = attempt
    const told = { at, url, status, error, duration_ms: durationMs, answer }
    await insertAttempt.change(db, { delivery_id: id, number: row.attempt_count, ...told })
  }
  await settle(db, row.lane, now)
}

async function release(db: Database, ids: readonly WebhookDeliveryId[], now: number): Promise<void> {
  if (ids.length === 0) return
  const named = db.kysely.selectFrom('webhook_deliveries').select('lane').distinct().where('id', 'in', ids)
  const lanes = (await named.execute()).map((row) => row.lane).sort()
  for (const lane of lanes) await holdLane.change(db, { lane })
  const claimed = db.kysely
    .updateTable('webhook_deliveries')
    .where('id', 'in', ids)
    .where('lease_until', 'is not', null)
  await claimed.set((eb) => ({ lease_until: null, due_at: eb.ref('next_attempt_at') })).execute()
  for (const lane of lanes) await settle(db, lane, now)
}

async function pause(db: Database, id: WebhookId, until: number): Promise<void> {
  await db.kysely.updateTable('webhooks').set({ paused_until: until }).where('id', '=', id).execute()
  const waiting = db.kysely.updateTable('webhook_deliveries').where('webhook_id', '=', id)
  const early = waiting.where('due_at', '<', until).where('lease_until', 'is', null)
  await early.set({ next_attempt_at: until, due_at: until }).execute()
}

async function changeLane(db: Database, id: WebhookId, { name, slots }: QueuedDelivery['lane']): Promise<void> {
  const waiting = db.kysely.updateTable('webhook_deliveries').where('webhook_id', '=', id)
  const moved = await waiting.where('due_at', 'is not', null).set({ lane: name }).returning('org_id').execute()
  // Due at once: the claim that finds nothing yet works out when.
  if (moved[0]) await openLane.change(db, { lane: name, org_id: moved[0].org_id, slots, due_at: 0 })
}

function fromDelivery(d: WebhookDelivery, lane: string): WebhookDeliveryTable {
  return {
    id: d.id,
    org_id: d.orgId,
    webhook_id: d.webhookId,
    mailbox_id: d.event.mailboxId,
    topic: d.event.topic,
    event: JSON.stringify(d.event),
    lane,
    replay: d.replay ? 1 : 0,
    state: d.state,
    next_attempt_at: d.nextAttemptAt,
    lease_until: d.leaseUntil,
    due_at: d.leaseUntil ?? d.nextAttemptAt,
    attempt_count: d.attemptCount,
    ok: null,
    created_at: d.createdAt,
    updated_at: d.updatedAt,
  }
}
