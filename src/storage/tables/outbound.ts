import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Reach } from '../../core/accounts/caller.ts'
import type { CapturedId, DeliveryId, MailboxId, MessageId, OrgId } from '../../core/ids.ts'
import type { LaneKey } from '../../core/outbound/lanes.ts'
import type { Attempt, Captured, Delivery, DeliveryStatus } from '../../core/outbound/model.ts'
import type { ClaimOptions, DeliveryOutcome, OutboundReader, OutboundWriter } from '../../core/outbound/store.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { CapturedTable, DeliveryTable, Schema } from '../schema.ts'
import { mailboxesOf } from './mailboxes.ts'
import { BLOBS } from './message-delete.ts'

/** What a peer, or its lack, has said for good. */
const ENDS: readonly DeliveryStatus[] = ['sent', 'delivered', 'captured', 'failed']

export function outboundReader(db: Database): OutboundReader {
  const { kysely } = db
  return {
    async get(id) {
      const rows = await kysely.selectFrom('deliveries').selectAll().where('id', '=', id).execute()
      return (await withAttempts(db, rows))[0]
    },
    queue: (page) => listQueue(db, page),
    async ofMessage(id) {
      const rows = kysely.selectFrom('deliveries').selectAll().where('message_id', '=', id).orderBy('position')
      return withAttempts(db, await rows.execute())
    },
    captured: (reach, page) => listCaptured(db, reach, page),
    async capturedById(reach, id) {
      const one = capturedWithin(db, reach).selectAll().where('id', '=', id)
      const row = await one.executeTakeFirst()
      return row && toCaptured(row)
    },
    async nextDue(except = []) {
      let next = kysely.selectFrom('deliveries').select('due_at').where('due_at', 'is not', null)
      if (except.length > 0) next = next.where((eb) => notIn(eb, except))
      return (await next.orderBy('due_at').limit(1).executeTakeFirst())?.due_at ?? undefined
    },
    async oldestWaiting() {
      const waiting = kysely.selectFrom('deliveries').where('due_at', 'is not', null)
      const oldest = waiting.select((eb) => eb.fn.min<number | null>('created_at').as('at'))
      return (await oldest.executeTakeFirst())?.at ?? undefined
    },
    async depth() {
      const waiting = kysely.selectFrom('deliveries').where('due_at', 'is not', null)
      return (await waiting.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()).n
    },
  }
}

export function outboundWriter(db: Database): OutboundWriter {
  const { kysely } = db
  return {
    ...outboundReader(db),
    async insert(deliveries) {
      for (const [i, delivery] of deliveries.entries()) {
        await kysely.insertInto('deliveries').values(fromDelivery(delivery, i)).execute()
      }
    },
    claim: (now, leaseUntil, limit, options = {}) => claim(db, now, leaseUntil, limit, options),
    async renew(ids, leaseUntil) {
      if (ids.length === 0) return
      const held = kysely.updateTable('deliveries').where('id', 'in', ids).where('status', '=', 'sending')
      await held.set({ lease_until: leaseUntil, due_at: leaseUntil }).execute()
    },
    async record(outcomes, now, { unlessEnded = false } = {}) {
      const recorded: DeliveryId[] = []
      for (const outcome of outcomes) if (await record(db, outcome, now, unlessEnded)) recorded.push(outcome.id)
      return recorded
    },
    async release(ids) {
      if (ids.length > 0) await release(db, ids)
    },
    releaseAll: () => release(db),
    async hurry(ids, at) {
      if (ids.length === 0) return 0
      const waiting = kysely.updateTable('deliveries').where('id', 'in', ids).where('status', '=', 'queued')
      const changed = waiting.set({ next_attempt_at: at, due_at: at, updated_at: at })
      return Number((await changed.executeTakeFirstOrThrow()).numUpdatedRows)
    },
    async markDelayTold(ids, at) {
      if (ids.length === 0) return
      await kysely.updateTable('deliveries').set({ delay_told_at: at }).where('id', 'in', ids).execute()
    },
    async markFailureNotice(ids, notice) {
      if (ids.length === 0) return
      await kysely.updateTable('deliveries').set({ failure_notice: notice }).where('id', 'in', ids).execute()
    },
    async cancelOfMailbox(mailbox, now) {
      const waiting = kysely.updateTable('deliveries').where('mailbox_id', '=', mailbox).where('due_at', 'is not', null)
      const cancelled = { status: 'cancelled', next_attempt_at: null, lease_until: null, due_at: null, updated_at: now }
      await waiting.set(cancelled).execute()
    },
    insertCaptured: (captured) => insertCaptured(db, captured),
  }
}

async function claim(
  db: Database,
  now: number,
  leaseUntil: number,
  limit: number,
  { except = [], queuedOnly = false }: ClaimOptions,
): Promise<Delivery[]> {
  // Oldest first, and the recipients of one message together, in the order they were given.
  let due = db.kysely.selectFrom('deliveries').select(['id', 'due_at']).where('due_at', '<=', now)
  if (queuedOnly) due = due.where('status', '=', 'queued')
  if (except.length > 0) due = due.where((eb) => notIn(eb, except))
  const free = await db.engine
    .holdFreeRows(due.orderBy('due_at').orderBy('message_id').orderBy('position').limit(limit))
    .execute()
  if (free.length === 0) return []
  const ids = free.map((row) => row.id)
  const claimed = db.kysely.updateTable('deliveries').where('id', 'in', ids)
  const sending = { status: 'sending', lease_until: leaseUntil, due_at: leaseUntil, updated_at: now }
  const rows = await claimed.set(sending).returningAll().execute()
  const byId = new Map((await withAttempts(db, rows)).map((d) => [d.id as string, d]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

function notIn(eb: ExpressionBuilder<Schema, 'deliveries'>, except: readonly LaneKey[]): Expression<SqlBool> {
  const domains = except.filter((lane) => lane.orgId === null).map((lane) => lane.domain)
  const own = except.filter((lane) => lane.orgId !== null)
  return eb.and([
    ...(domains.length > 0 ? [eb('domain', 'not in', domains)] : []),
    ...own.map(({ domain, orgId }) => eb.or([eb('domain', '!=', domain), eb('org_id', '!=', orgId ?? '')])),
  ])
}

async function release(db: Database, ids?: DeliveryId[]): Promise<void> {
  // Without `due_at` the index of what waits would not be used, and the table holds everything that was ever sent.
  let claimed = db.kysely.updateTable('deliveries').where('status', '=', 'sending').where('due_at', 'is not', null)
  if (ids) claimed = claimed.where('id', 'in', ids)
  await claimed.set((eb) => ({ status: 'queued', lease_until: null, due_at: eb.ref('next_attempt_at') })).execute()
}

async function record(db: Database, outcome: DeliveryOutcome, now: number, unlessEnded: boolean): Promise<boolean> {
  const { id, status, nextAttemptAt, attempt } = outcome
  const again = status === 'queued' ? nextAttemptAt : null
  let known = db.kysely.updateTable('deliveries').where('id', '=', id)
  if (unlessEnded) known = known.where('status', 'not in', ENDS)
  // Another try for a delivery that was cancelled meanwhile must not revive it; what was said by the peer stays true.
  if (status === 'queued') known = known.where('status', '=', 'sending')
  const changed = await known
    .set({
      status,
      next_attempt_at: again,
      lease_until: null,
      due_at: again,
      updated_at: now,
      attempt_count: sql<number>`attempt_count + ${attempt ? 1 : 0}`,
    })
    .returning('attempt_count')
    .executeTakeFirst()
  if (changed && attempt) await insertAttempt(db, id, changed.attempt_count, attempt)
  return changed !== undefined
}

async function insertAttempt(db: Database, id: DeliveryId, number: number, a: Attempt): Promise<void> {
  const { at, host, text } = a
  const row = { delivery_id: id, number, at, host, reply_code: a.replyCode, enhanced_code: a.enhancedCode, text }
  await db.kysely.insertInto('delivery_attempts').values(row).execute()
}

async function insertCaptured(db: Database, captured: Captured): Promise<void> {
  await db.engine.hold(db.kysely, BLOBS)
  // A message that was erased while it was on its way took its bytes with it: there is nothing left to show.
  const message = db.kysely.selectFrom('messages').select('id').where('id', '=', captured.messageId)
  if (await message.executeTakeFirst()) await db.kysely.insertInto('captured').values(fromCaptured(captured)).execute()
}

function capturedWithin(db: Database, { orgId, projectId, mailboxId }: Reach) {
  let all = db.kysely.selectFrom('captured').where('org_id', '=', orgId)
  if (projectId !== null) all = all.where('mailbox_id', 'in', mailboxesOf(db, projectId))
  if (mailboxId !== null) all = all.where('mailbox_id', '=', mailboxId)
  return all
}

async function listCaptured(db: Database, reach: Reach, page: PageRequest) {
  const all = capturedWithin(db, reach)
  const { n } = await all.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  if (page.limit === 0) return { items: [], total: n }
  const rows = await cutPage(all, page, 'created_at', 'id').selectAll().execute()
  return { items: rows.map(toCaptured), total: n }
}

async function listQueue(db: Database, page: PageRequest) {
  const waiting = db.kysely.selectFrom('deliveries').where('due_at', 'is not', null)
  const { n } = await waiting.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  if (page.limit === 0) return { items: [], total: n }
  const rows = await cutPage(waiting, { ...page, ascending: true }, 'due_at', 'id')
    .selectAll()
    .execute()
  return { items: await withAttempts(db, rows), total: n }
}

async function withAttempts(db: Database, rows: DeliveryTable[]): Promise<Delivery[]> {
  const tried = rows.filter((row) => row.attempt_count > 0).map((row) => row.id)
  const attempts = new Map<string, Attempt[]>()
  if (tried.length > 0) {
    const all = db.kysely.selectFrom('delivery_attempts').selectAll().where('delivery_id', 'in', tried)
    for (const row of await all.orderBy('number').execute()) {
      const { at, host, text } = row
      const list = attempts.get(row.delivery_id) ?? []
      list.push({ at, host, replyCode: row.reply_code, enhancedCode: row.enhanced_code, text })
      attempts.set(row.delivery_id, list)
    }
  }
  return rows.map((row) => toDelivery(row, attempts.get(row.id) ?? []))
}

function toDelivery(row: DeliveryTable, attempts: Attempt[]): Delivery {
  return {
    id: row.id as DeliveryId,
    orgId: row.org_id as OrgId,
    mailboxId: row.mailbox_id as MailboxId,
    messageId: row.message_id as MessageId,
    mailFrom: row.mail_from,
    recipient: row.recipient,
    domain: row.domain,
    status: row.status as DeliveryStatus,
    blobKey: row.blob_key,
    nextAttemptAt: row.next_attempt_at,
    leaseUntil: row.lease_until,
    attemptCount: row.attempt_count,
    attempts,
    delayToldAt: row.delay_told_at,
    failureNotice: row.failure_notice as Delivery['failureNotice'],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromDelivery(d: Delivery, position: number): DeliveryTable {
  return {
    id: d.id,
    org_id: d.orgId,
    mailbox_id: d.mailboxId,
    message_id: d.messageId,
    position,
    mail_from: d.mailFrom,
    recipient: d.recipient,
    domain: d.domain,
    status: d.status,
    blob_key: d.blobKey,
    next_attempt_at: d.nextAttemptAt,
    lease_until: d.leaseUntil,
    due_at: d.status === 'sending' ? d.leaseUntil : d.nextAttemptAt,
    attempt_count: d.attemptCount,
    delay_told_at: d.delayToldAt,
    failure_notice: d.failureNotice,
    created_at: d.createdAt,
    updated_at: d.updatedAt,
  }
}

function toCaptured(row: CapturedTable): Captured {
  return {
    id: row.id as CapturedId,
    orgId: row.org_id as OrgId,
    mailboxId: row.mailbox_id as MailboxId,
    messageId: row.message_id as MessageId,
    mailFrom: row.mail_from,
    recipients: JSON.parse(row.recipients),
    subject: row.subject,
    sizeBytes: row.size_bytes,
    blobKey: row.blob_key,
    createdAt: row.created_at,
  }
}

function fromCaptured(c: Captured): CapturedTable {
  return {
    id: c.id,
    org_id: c.orgId,
    mailbox_id: c.mailboxId,
    message_id: c.messageId,
    mail_from: c.mailFrom,
    recipients: JSON.stringify(c.recipients),
    subject: c.subject,
    size_bytes: c.sizeBytes,
    blob_key: c.blobKey,
    created_at: c.createdAt,
  }
}
