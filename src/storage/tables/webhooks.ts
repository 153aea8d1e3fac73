import { sql } from 'kysely'
import type { Reach } from '../../core/accounts/caller.ts'
import type { MailboxId, OrgId, ProjectId, WebhookId } from '../../core/ids.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { DisabledReason, Webhook, WebhookSecret, WebhookStyle } from '../../core/webhooks/model.ts'
import type { WebhookFilter, WebhookReader, WebhookWriter } from '../../core/webhooks/store.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { WebhookSecretTable, WebhookTable } from '../schema.ts'
import { statement } from '../statement.ts'
import { mailboxesOf } from './mailboxes.ts'
import { webhookLog } from './webhook-log.ts'
import { webhookQueueReader, webhookQueueWriter } from './webhook-queue.ts'

const byId = statement((db, v: { org: string; id: string }) =>
  db.selectFrom('webhooks').selectAll().where('id', '=', v.id).where('org_id', '=', v.org),
)

const secretOf = statement((db, v: { owner: string }) =>
  db.selectFrom('webhook_secrets').selectAll().where('owner', '=', v.owner),
)

export function webhookReader(db: Database): WebhookReader {
  return {
    ...webhookLog(db),
    ...webhookQueueReader(db),
    async get(org, id) {
      const row = await byId.first(db, { org, id })
      return row && toWebhook(row)
    },
    async byClientId(org, styles, clientId) {
      const named = db.kysely.selectFrom('webhooks').selectAll().where('org_id', '=', org)
      const row = await named.where('client_id', '=', clientId).where('style', 'in', styles).executeTakeFirst()
      return row && toWebhook(row)
    },
    ofMailboxes: (style, mailboxes) => ofMailboxes(db, style, mailboxes),
    async within(reach, id) {
      const row = await webhooksWithin(db, reach).selectAll().where('id', '=', id).executeTakeFirst()
      return row && toWebhook(row)
    },
    list: (reach, filter, page) => listWebhooks(db, reach, filter, page),
    async secret(owner) {
      const row = await secretOf.first(db, { owner })
      return row && toSecret(row)
    },
  }
}

// One that names mailboxes of two projects, say, is the affair of the organization only.
function webhooksWithin(db: Database, { orgId, projectId, mailboxId }: Reach) {
  const all = db.kysely.selectFrom('webhooks').where('org_id', '=', orgId)
  if (projectId === null && mailboxId === null) return all
  const named = db.kysely
    .selectFrom('webhook_mailboxes')
    .select('webhook_id')
    .where('webhook_id', '=', sql.ref<string>('webhooks.id'))
  const inside = mailboxId === null ? mailboxesOf(db, projectId as ProjectId) : [mailboxId]
  const own = mailboxId === null ? JSON.stringify([projectId]) : '[]'
  return all
    .where('all_mailboxes', '=', 0)
    .where('project_ids', 'in', ['[]', own])
    .where((eb) => eb.or([eb('project_ids', '<>', '[]'), eb.exists(named)]))
    .where((eb) => eb.not(eb.exists(named.where('mailbox_id', 'not in', inside))))
}

async function listWebhooks(db: Database, reach: Reach, filter: WebhookFilter, page: PageRequest) {
  const { styles, mailboxId, projectId } = filter
  let all = webhooksWithin(db, reach)
  if (styles) all = all.where('style', 'in', styles)
  if (mailboxId) {
    const named = db.kysely.selectFrom('webhook_mailboxes').select('webhook_id').where('mailbox_id', '=', mailboxId)
    all = all.where('id', 'in', named)
  }
  if (projectId) all = all.where(namesProjects).where('project_ids', 'like', `%"${projectId}"%`)
  const { n } = await all.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  if (page.limit === 0) return { items: [], total: n }
  const rows = await cutPage(all, page, 'created_at', 'id').selectAll().execute()
  return { items: rows.map(toWebhook), total: n }
}

async function ofMailboxes(db: Database, style: WebhookStyle, mailboxes: readonly MailboxId[]) {
  if (mailboxes.length === 0) return new Map<MailboxId, Webhook>()
  const named = db.kysely.selectFrom('webhook_mailboxes').select('webhook_id').where('mailbox_id', 'in', mailboxes)
  const all = db.kysely.selectFrom('webhooks').selectAll().where('style', '=', style).where('id', 'in', named)
  const rows = (await all.execute()).map(toWebhook).filter((webhook) => webhook.mailboxIds.length === 1)
  return new Map(rows.flatMap((webhook) => webhook.mailboxIds.map((id): [MailboxId, Webhook] => [id, webhook])))
}

export function webhookWriter(db: Database): WebhookWriter {
  const { kysely } = db
  return {
    ...webhookReader(db),
    ...webhookQueueWriter(db),
    async insert(webhook) {
      await kysely.insertInto('webhooks').values(fromWebhook(webhook)).execute()
      await putFilter(db, webhook)
    },
    async update(webhook) {
      const { id, org_id, created_at, failures, failing_since, paused_until, ...changed } = fromWebhook(webhook)
      await kysely.updateTable('webhooks').set(changed).where('id', '=', webhook.id).execute()
      await kysely.deleteFrom('webhook_mailboxes').where('webhook_id', '=', webhook.id).execute()
      await putFilter(db, webhook)
    },
    async delete(id) {
      await kysely.deleteFrom('webhooks').where('id', '=', id).execute()
      await kysely.deleteFrom('webhook_mailboxes').where('webhook_id', '=', id).execute()
    },
    countFailure: (id, at) => countFailure(db, id, at),
    async clearFailures(id) {
      const none = { failures: 0, failing_since: null, paused_until: null }
      await kysely.updateTable('webhooks').set(none).where('id', '=', id).execute()
    },
    async putSecret(secret) {
      const { owner, ...changed } = fromSecret(secret)
      const added = kysely.insertInto('webhook_secrets').values({ owner, ...changed })
      await added.onConflict((clash) => clash.column('owner').doUpdateSet(changed)).execute()
    },
    async deleteSecret(owner) {
      await kysely.deleteFrom('webhook_secrets').where('owner', '=', owner).execute()
    },
    candidates: (orgs, mailboxes) => candidates(db, orgs, mailboxes),
  }
}

async function putFilter(db: Database, { id, mailboxIds }: Webhook): Promise<void> {
  if (mailboxIds.length === 0) return
  const rows = mailboxIds.map((mailbox) => ({ webhook_id: id, mailbox_id: mailbox }))
  await db.kysely.insertInto('webhook_mailboxes').values(rows).execute()
}

async function countFailure(db: Database, id: WebhookId, at: number) {
  const changed = db.kysely.updateTable('webhooks').where('id', '=', id)
  const row = await changed
    .set({ failures: sql<number>`failures + 1`, failing_since: sql<number>`coalesce(failing_since, ${at})` })
    .returning(['failures', 'failing_since'])
    .executeTakeFirst()
  return { failures: row?.failures ?? 0, failingSince: row?.failing_since ?? at }
}

// A constant, and nothing else asked with it: else SQLite goes through all webhooks of the organization.
const namesProjects = sql<boolean>`project_ids <> '[]'`

async function candidates(db: Database, orgs: readonly OrgId[], mailboxes: readonly MailboxId[]): Promise<Webhook[]> {
  if (orgs.length === 0) return []
  const enabled = db.kysely.selectFrom('webhooks').selectAll().where('enabled', '=', 1)
  const rows = await enabled.where('all_mailboxes', '=', 1).where('org_id', 'in', orgs).execute()
  const ofProjects = db.kysely.selectFrom('webhooks').selectAll().where(namesProjects).where('org_id', 'in', orgs)
  rows.push(...(await ofProjects.execute()).filter((row) => row.enabled === 1 && row.all_mailboxes === 0))
  if (mailboxes.length > 0) {
    const naming = db.kysely.selectFrom('webhook_mailboxes').select('webhook_id').where('mailbox_id', 'in', mailboxes)
    const ofMailboxes = enabled.where('all_mailboxes', '=', 0).where('project_ids', '=', '[]')
    rows.push(...(await ofMailboxes.where('id', 'in', naming).execute()))
  }
  return rows.map(toWebhook)
}

function toWebhook(row: WebhookTable): Webhook {
  return {
    id: row.id as WebhookId,
    orgId: row.org_id as OrgId,
    projectId: row.project_id as ProjectId,
    style: row.style as WebhookStyle,
    url: row.url,
    topics: JSON.parse(row.topics),
    allMailboxes: row.all_mailboxes === 1,
    mailboxIds: JSON.parse(row.mailbox_ids),
    projectIds: JSON.parse(row.project_ids),
    secretOwner: row.secret_owner,
    headerNames: JSON.parse(row.header_names),
    sealedHeaders: row.sealed_headers,
    options: JSON.parse(row.options),
    clientId: row.client_id,
    enabled: row.enabled === 1,
    disabledReason: row.disabled_reason as DisabledReason | null,
    sinceSeq: row.since_seq,
    failures: row.failures,
    failingSince: row.failing_since,
    pausedUntil: row.paused_until,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromWebhook(w: Webhook): WebhookTable {
  return {
    id: w.id,
    org_id: w.orgId,
    project_id: w.projectId,
    style: w.style,
    url: w.url,
    topics: JSON.stringify(w.topics),
    all_mailboxes: w.allMailboxes ? 1 : 0,
    mailbox_ids: JSON.stringify(w.mailboxIds),
    project_ids: JSON.stringify(w.projectIds),
    secret_owner: w.secretOwner,
    header_names: JSON.stringify(w.headerNames),
    sealed_headers: w.sealedHeaders,
    options: JSON.stringify(w.options),
    client_id: w.clientId,
    enabled: w.enabled ? 1 : 0,
    disabled_reason: w.disabledReason,
    since_seq: w.sinceSeq,
    failures: w.failures,
    failing_since: w.failingSince,
    paused_until: w.pausedUntil,
    created_at: w.createdAt,
    updated_at: w.updatedAt,
  }
}

function toSecret(row: WebhookSecretTable): WebhookSecret {
  return {
    owner: row.owner,
    orgId: row.org_id as OrgId,
    sealed: row.sealed,
    previousSealed: row.previous_sealed,
    previousUntil: row.previous_until,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromSecret(s: WebhookSecret): WebhookSecretTable {
  return {
    owner: s.owner,
    org_id: s.orgId,
    sealed: s.sealed,
    previous_sealed: s.previousSealed,
    previous_until: s.previousUntil,
    created_at: s.createdAt,
    updated_at: s.updatedAt,
  }
}
