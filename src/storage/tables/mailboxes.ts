import { sql } from 'kysely'
import type { Reach } from '../../core/accounts/caller.ts'
import type { MailboxId, OrgId, ProjectId } from '../../core/ids.ts'
import { type Address, type Mailbox, type MailboxPolicy, openPolicy } from '../../core/mailboxes/model.ts'
import type { MailboxPage, MailboxReader, MailboxWriter } from '../../core/mailboxes/store.ts'
import type { Database } from '../database.ts'
import { contains, cutPage, escapeLike } from '../paging.ts'
import type { AddressTable, MailboxTable } from '../schema.ts'
import { statement } from '../statement.ts'
import { alive, aliveAt } from './alive.ts'
import { purgeMailbox } from './purge.ts'

const byId = statement((db, v: { org: string; id: string; now: number }) =>
  db
    .selectFrom('mailboxes')
    .selectAll()
    .where('id', '=', v.id)
    .where('org_id', '=', v.org)
    .where(aliveAt('mailboxes', v.now)),
)

const byAddress = statement((db, v: { address: string; now: number }) =>
  db
    .selectFrom('addresses as a')
    .innerJoin('mailboxes as m', 'm.id', 'a.mailbox_id')
    .selectAll('m')
    .where('a.address', '=', v.address)
    .where(aliveAt('m', v.now)),
)

const nextTime = statement((db, v: { id: string; now: number }) =>
  db
    .updateTable('mailboxes')
    .set((eb) => ({
      last_at: eb
        .case()
        .when('last_at', '>=', v.now)
        .then(eb('last_at', '+', 1))
        .else(v.now)
        .end(),
    }))
    .where('id', '=', v.id)
    .where(aliveAt('mailboxes', v.now))
    .returning(['last_at', 'policy']),
)

const count = statement((db, v: { id: string; messages: number; threads: number; sizeBytes: number }) =>
  db
    .updateTable('mailboxes')
    .set((eb) => ({
      message_count: eb('message_count', '+', v.messages),
      thread_count: eb('thread_count', '+', v.threads),
      size_bytes: eb('size_bytes', '+', v.sizeBytes),
    }))
    .where('id', '=', v.id),
)

export function mailboxReader(db: Database): MailboxReader {
  return {
    async get(org, id) {
      const row = await byId.first(db, { org, id, now: db.now() })
      return row && toMailbox(row)
    },
    async byAddress(address) {
      const row = await byAddress.first(db, { address, now: db.now() })
      return row && toMailbox(row)
    },
    async byClientId(org, clientId) {
      const live = db.kysely.selectFrom('mailboxes').selectAll().where(alive(db, 'mailboxes'))
      const row = await live.where('org_id', '=', org).where('client_id', '=', clientId).executeTakeFirst()
      return row && toMailbox(row)
    },
    async withIds(ids) {
      if (ids.length === 0) return new Map()
      const live = db.kysely.selectFrom('mailboxes').selectAll().where(alive(db, 'mailboxes'))
      const rows = await live.where('id', 'in', ids).execute()
      return new Map(rows.map((row) => [row.id as MailboxId, toMailbox(row)]))
    },
    list: (reach, page) => listMailboxes(db, reach, page),
    expired: (limit) => expired(db, limit),
    async placesOf(ids) {
      if (ids.length === 0) return new Map()
      const named = db.kysely.selectFrom('mailboxes').select(['id', 'project_id', 'address']).where('id', 'in', ids)
      const toPlace = (row: Pick<MailboxTable, 'project_id' | 'address'>) => ({
        ...{ projectId: row.project_id as ProjectId, address: row.address },
      })
      return new Map((await named.execute()).map((row) => [row.id as MailboxId, toPlace(row)]))
    },
    async search(reach, words, limit) {
      let found = within(db, reach).selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
      // Beyond ASCII the engines disagree on what lower case is: whoever asked looks again anyway.
      for (const word of words.filter((one) => /^[\x20-\x7e]+$/.test(one))) {
        const inName = sql<boolean>`lower(coalesce(display_name, '')) like ${`%${escapeLike(word)}%`} escape '\\'`
        found = found.where((eb) => eb.or([contains('address', word), inName]))
      }
      return (await found.execute()).map(toMailbox)
    },
    async anyIn(org, domain, { below }) {
      const live = db.kysely.selectFrom('mailboxes').select('id').where('deleted_at', 'is', null)
      const inside = live.where('org_id', '=', org).where((eb) => {
        const exact = eb('domain', '=', domain)
        return below ? eb.or([exact, eb('domain', 'like', `%.${domain}`)]) : exact
      })
      const row = await inside.limit(1).executeTakeFirst()
      return row !== undefined
    },
  }
}

/** The ids of a project's mailboxes, deleted ones too until the purge, for what hangs on them. */
export function mailboxesOf(db: Database, project: ProjectId) {
  return db.kysely.selectFrom('mailboxes').select('id').where('project_id', '=', project)
}

const BY_NAME = sql<string>`lower(coalesce(display_name, local_part))`

async function listMailboxes(db: Database, reach: Reach, page: MailboxPage) {
  const key = page.by === 'name' ? BY_NAME : 'created_at'
  const total = page.uncounted ? undefined : await countWithin(db, reach)
  const rows = page.limit > 0 ? await cutPage(within(db, reach).selectAll(), page, key, 'id').execute() : []
  return { items: rows.map(toMailbox), total: total ?? rows.length }
}

function within(db: Database, { orgId, projectId, mailboxId }: Reach) {
  let live = db.kysely.selectFrom('mailboxes').where('org_id', '=', orgId).where(alive(db, 'mailboxes'))
  if (projectId !== null) live = live.where('project_id', '=', projectId)
  if (mailboxId !== null) live = live.where('id', '=', mailboxId)
  return live
}

async function countWithin(db: Database, reach: Reach): Promise<number> {
  if (reach.projectId === null && reach.mailboxId === null) {
    const counted = db.kysely.selectFrom('organizations').select('mailbox_count').where('id', '=', reach.orgId)
    return (await counted.executeTakeFirst())?.mailbox_count ?? 0
  }
  const counted = within(db, reach).select((eb) => eb.fn.countAll<number>().as('n'))
  return (await counted.executeTakeFirstOrThrow()).n
}

export function mailboxWriter(db: Database): MailboxWriter {
  const reader = mailboxReader(db)
  return {
    ...reader,
    async get(org, id) {
      await db.engine.holdMailbox(db.kysely, id)
      return reader.get(org, id)
    },
    async takeExpired(org, id) {
      await db.engine.holdMailbox(db.kysely, id)
      const over = db.kysely.selectFrom('mailboxes').selectAll().where('id', '=', id).where('org_id', '=', org)
      const row = await over.where('deleted_at', 'is', null).where('expires_at', '<=', db.now()).executeTakeFirst()
      return row && toMailbox(row)
    },
    insert: (mailbox, address) => insertMailbox(db, mailbox, address),
    async update(mailbox) {
      await db.kysely
        .updateTable('mailboxes')
        .set({
          display_name: mailbox.displayName,
          enabled: mailbox.enabled ? 1 : 0,
          metadata: JSON.stringify(mailbox.metadata),
          policy: JSON.stringify(mailbox.policy),
          retention_days: mailbox.policy.retentionDays,
          expires_at: mailbox.expiresAt,
          updated_at: mailbox.updatedAt,
        })
        .where('id', '=', mailbox.id)
        .execute()
    },
    async putAddress(address) {
      const { address: _, ...row } = fromAddress(address)
      const put = db.kysely.insertInto('addresses').values(fromAddress(address))
      await put.onConflict((clash) => clash.column('address').doUpdateSet(row)).execute()
    },
    async removeAddress(address) {
      const removed = await db.kysely.deleteFrom('addresses').where('address', '=', address).executeTakeFirstOrThrow()
      return removed.numDeletedRows > 0n
    },
    async releaseAddresses(domain, except) {
      // Reads them all, which a domain that changes hands is worth.
      const inDomain = db.kysely.deleteFrom('addresses').where('address', 'like', `%@${domain}`)
      await inDomain.where('org_id', '<>', except).execute()
    },
    markDeleted: (id, at) => markDeleted(db, id, at),
    nextTime: async (id, now) => (await nextTime.first(db, { id, now }))?.last_at,
    async intake(id, now) {
      const row = await nextTime.first(db, { id, now })
      return row && { at: row.last_at, policy: toPolicy(row.policy) }
    },
    async claimSelector(selector, now) {
      const claimed = db.kysely.insertInto('hook_selectors').values({ selector, created_at: now })
      const { numInsertedOrUpdatedRows } = await claimed
        .onConflict((clash) => clash.doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n
    },
    async count(id, { messages = 0, threads = 0, sizeBytes = 0 }) {
      await count.write(db, { id, messages, threads, sizeBytes })
    },
    purge: (id, limit) => purgeMailbox(db, id, limit),
  }
}

async function expired(db: Database, limit: number) {
  const over = db.kysely.selectFrom('mailboxes').select(['org_id', 'id']).where('deleted_at', 'is', null)
  const rows = await over.where('expires_at', '<=', db.now()).orderBy('expires_at').limit(limit).execute()
  return rows.map((row) => ({ orgId: row.org_id as OrgId, id: row.id as MailboxId }))
}

async function insertMailbox(db: Database, mailbox: Mailbox, address: Address) {
  const taken = db.kysely
    .insertInto('addresses')
    .values(fromAddress(address))
    .onConflict((clash) => clash.column('address').doNothing())
  const { numInsertedOrUpdatedRows } = await taken.executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows !== 1n) return 'address_taken'
  const row = db.kysely.insertInto('mailboxes').values(fromMailbox(mailbox))
  const inserted = await row.onConflict((clash) => clash.column('id').doNothing()).executeTakeFirstOrThrow()
  if (inserted.numInsertedOrUpdatedRows !== 1n) return 'id_taken'
  await countMailboxes(db, mailbox.orgId, 1)
  return 'inserted'
}

async function markDeleted(db: Database, id: MailboxId, at: number): Promise<void> {
  const row = await db.kysely
    .updateTable('mailboxes')
    .set({ deleted_at: at, updated_at: at })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returning('org_id')
    .executeTakeFirst()
  await db.kysely.deleteFrom('addresses').where('mailbox_id', '=', id).execute()
  if (row) await countMailboxes(db, row.org_id, -1)
}

async function countMailboxes(db: Database, org: string, change: number): Promise<void> {
  const counted = db.kysely.updateTable('organizations').where('id', '=', org)
  await counted.set({ mailbox_count: sql<number>`mailbox_count + ${change}` }).execute()
}

function toMailbox(row: MailboxTable): Mailbox {
  return {
    id: row.id as MailboxId,
    orgId: row.org_id as OrgId,
    projectId: row.project_id as ProjectId,
    address: row.address,
    localPart: row.local_part,
    domain: row.domain,
    displayName: row.display_name,
    clientId: row.client_id,
    metadata: JSON.parse(row.metadata),
    policy: toPolicy(row.policy),
    expiresAt: row.expires_at,
    createdBy: row.created_by,
    enabled: row.enabled === 1,
    messageCount: row.message_count,
    threadCount: row.thread_count,
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

// Older rows say nothing about what came later.
export function toPolicy(json: string): MailboxPolicy {
  return json === '{}' ? openPolicy : { ...openPolicy, ...JSON.parse(json) }
}

function fromMailbox(m: Mailbox): MailboxTable {
  return {
    id: m.id,
    org_id: m.orgId,
    project_id: m.projectId,
    address: m.address,
    local_part: m.localPart,
    domain: m.domain,
    display_name: m.displayName,
    client_id: m.clientId,
    metadata: JSON.stringify(m.metadata),
    policy: JSON.stringify(m.policy),
    retention_days: m.policy.retentionDays,
    created_by: m.createdBy,
    expires_at: m.expiresAt,
    enabled: m.enabled ? 1 : 0,
    message_count: m.messageCount,
    thread_count: m.threadCount,
    size_bytes: m.sizeBytes,
    last_at: 0,
    fetch_count: 0,
    created_at: m.createdAt,
    updated_at: m.updatedAt,
    deleted_at: null,
  }
}

function fromAddress(a: Address): AddressTable {
  return { address: a.address, mailbox_id: a.mailboxId, org_id: a.orgId, kind: a.kind, created_at: a.createdAt }
}
