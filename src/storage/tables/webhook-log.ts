import type { MailboxId, OrgId, WebhookDeliveryId, WebhookId } from '../../core/ids.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { WebhookAttempt, WebhookDelivery, WebhookDeliveryState, WebhookError } from '../../core/webhooks/model.ts'
import type { WebhookDeliveryFilter, WebhookReader } from '../../core/webhooks/store.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { WebhookAttemptTable, WebhookDeliveryTable } from '../schema.ts'

/** What was sent, and what came of it. */
export function webhookLog(db: Database): Pick<WebhookReader, 'delivery' | 'deliveries'> {
  return {
    async delivery(org, id) {
      const one = db.kysely.selectFrom('webhook_deliveries').selectAll().where('id', '=', id).where('org_id', '=', org)
      return (await withAttempts(db, await one.execute()))[0]
    },
    deliveries: (org, filter, page) => listDeliveries(db, org, filter, page),
  }
}

async function listDeliveries(db: Database, org: OrgId, filter: WebhookDeliveryFilter, page: PageRequest) {
  const { webhookId, topic, success } = filter
  let all = db.kysely.selectFrom('webhook_deliveries').where('org_id', '=', org)
  if (webhookId) all = all.where('webhook_id', '=', webhookId)
  if (topic) all = all.where('topic', '=', topic)
  if (success !== undefined) all = all.where('ok', '=', success ? 1 : 0)
  const { n } = await all.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  if (page.limit === 0) return { items: [], total: n }
  const rows = await cutPage(all, page, 'created_at', 'id').selectAll().execute()
  return { items: await withAttempts(db, rows), total: n }
}

async function withAttempts(db: Database, rows: WebhookDeliveryTable[]): Promise<WebhookDelivery[]> {
  const tried = rows.filter((row) => row.attempt_count > 0).map((row) => row.id)
  if (tried.length === 0) return rows.map((row) => toDelivery(row, []))
  const all = db.kysely.selectFrom('webhook_attempts').selectAll().where('delivery_id', 'in', tried)
  const attempts = Map.groupBy(await all.orderBy('number').execute(), (row) => row.delivery_id)
  return rows.map((row) => toDelivery(row, (attempts.get(row.id) ?? []).map(toAttempt)))
}

/** Erases a bite of what webhooks were told about a deleted mailbox; false when there was nothing. */
export async function purgeWebhookLog(db: Database, mailbox: MailboxId, limit: number): Promise<boolean> {
  const bite = db.kysely.selectFrom('webhook_deliveries').select('id').where('mailbox_id', '=', mailbox).limit(limit)
  return (await erase(db, await bite.execute())) > 0
}

/** Erases a bite of what was finished and is older than we keep; how many there were. */
export async function sweepWebhookLog(db: Database, before: number, limit: number): Promise<number> {
  const old = db.kysely.selectFrom('webhook_deliveries').select('id').where('due_at', 'is', null)
  const gone = await erase(db, await old.where('created_at', '<', before).limit(limit).execute())
  // Lanes of webhooks that are gone, too; one that is needed again is made again.
  await db.kysely.deleteFrom('webhook_lanes').where('due_at', 'is', null).execute()
  return gone
}

async function erase(db: Database, rows: { id: string }[]): Promise<number> {
  if (rows.length === 0) return 0
  const ids = rows.map((row) => row.id)
  await db.kysely.deleteFrom('webhook_attempts').where('delivery_id', 'in', ids).execute()
  await db.kysely.deleteFrom('webhook_deliveries').where('id', 'in', ids).execute()
  return ids.length
}

export function toDelivery(row: WebhookDeliveryTable, attempts: WebhookAttempt[]): WebhookDelivery {
  return {
    id: row.id as WebhookDeliveryId,
    orgId: row.org_id as OrgId,
    webhookId: row.webhook_id as WebhookId,
    event: JSON.parse(row.event),
    replay: row.replay === 1,
    state: row.state as WebhookDeliveryState,
    nextAttemptAt: row.next_attempt_at,
    leaseUntil: row.lease_until,
    attemptCount: row.attempt_count,
    attempts,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function toAttempt(row: WebhookAttemptTable): WebhookAttempt {
  return {
    at: row.at,
    url: row.url,
    status: row.status,
    error: row.error as WebhookError | null,
    durationMs: row.duration_ms,
    answer: row.answer,
  }
}
