import { sql } from 'kysely'
import type { ImapSourceId, MailboxId, OrgId } from '../../core/ids.ts'
import type { AfterFetchAction, FetchProblem, ImapSource } from '../../core/imap-sources/model.ts'
import type { ImapSourceReader, ImapSourceWriter } from '../../core/imap-sources/store.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { ImapSourceTable } from '../schema.ts'
import { statement } from '../statement.ts'

const nextDue = statement((db, _: object) => db.selectFrom('imap_sources').select('due_at').orderBy('due_at').limit(1))

// Writes what is there, which holds the row on either engine.
const hold = statement((db, v: { id: string }) =>
  db
    .updateTable('imap_sources')
    .set((eb) => ({ due_at: eb.ref('due_at') }))
    .where('id', '=', v.id)
    .returningAll(),
)

const move = statement((db, v: { id: string; validity: string | null; uid: number; pending: string }) =>
  db
    .updateTable('imap_sources')
    .set({ uid_validity: v.validity, last_uid: v.uid, pending_uids: v.pending })
    .where('id', '=', v.id),
)

export function imapSourceReader(db: Database): ImapSourceReader {
  const { kysely } = db
  return {
    async get(mailbox, id) {
      const one = kysely.selectFrom('imap_sources').selectAll().where('id', '=', id)
      const row = await one.where('mailbox_id', '=', mailbox).executeTakeFirst()
      return row && toSource(row)
    },
    list: (mailbox, page) => list(db, mailbox, page),
    async counts(mailboxes) {
      if (mailboxes.length === 0) return new Map()
      const all = kysely.selectFrom('imap_sources').where('mailbox_id', 'in', mailboxes).groupBy('mailbox_id')
      const rows = await all.select((eb) => ['mailbox_id', eb.fn.countAll<number>().as('n')] as const).execute()
      return new Map(rows.map((row) => [row.mailbox_id as MailboxId, row.n]))
    },
    async nextDue(except) {
      if (except.length === 0) return (await nextDue.first(db, {}))?.due_at
      const others = kysely.selectFrom('imap_sources').select('due_at').where('org_id', 'not in', except)
      return (await others.orderBy('due_at').limit(1).executeTakeFirst())?.due_at
    },
  }
}

async function list(db: Database, mailbox: MailboxId, page: PageRequest) {
  const all = db.kysely.selectFrom('imap_sources').where('mailbox_id', '=', mailbox)
  const { n } = await all.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
  if (page.limit === 0) return { items: [], total: n }
  const rows = await cutPage(all, { ascending: true, ...page }, 'created_at', 'id')
    .selectAll()
    .execute()
  return { items: rows.map(toSource), total: n }
}

export function imapSourceWriter(db: Database): ImapSourceWriter {
  const { kysely } = db
  return {
    ...imapSourceReader(db),
    async exists(id) {
      const one = kysely.selectFrom('imap_sources').select('id').where('id', '=', id)
      return (await one.executeTakeFirst()) !== undefined
    },
    async insert(source) {
      await holdMailbox(db, source.mailboxId)
      const added = kysely.insertInto('imap_sources').values(fromSource(source))
      const { numInsertedOrUpdatedRows } = await added.onConflict((c) => c.doNothing()).executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n
    },
    update: (source) => update(db, source),
    async delete(id) {
      await kysely.deleteFrom('imap_sources').where('id', '=', id).execute()
    },
    async deleteOfMailbox(mailbox) {
      await kysely.deleteFrom('imap_sources').where('mailbox_id', '=', mailbox).execute()
    },
    async hold(id) {
      const row = await hold.first(db, { id })
      return row && toSource(row)
    },
    claim: (...asked) => claim(db, ...asked),
    async claimOne(now, lease, leaseUntil, id) {
      const free = kysely.updateTable('imap_sources').where('id', '=', id)
      const taken = free.where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', now)]))
      const row = await taken.set(leased(lease, leaseUntil)).returningAll().executeTakeFirst()
      return row && toSource(row)
    },
    async move(id, { uidValidity, lastUid, pending }) {
      await move.change(db, { id, validity: uidValidity, uid: lastUid, pending: JSON.stringify(pending) })
    },
    async release(lease) {
      const all = kysely.updateTable('imap_sources')
      const held = lease === null ? all.where('lease', 'is not', null) : all.where('lease', '=', lease)
      await held.set({ lease: null, lease_until: null, due_at: sql<number>`next_fetch_at` }).execute()
    },
  }
}

// One transaction at a time: a clash would be an error, which ends a transaction of PostgreSQL.
function holdMailbox(db: Database, mailbox: MailboxId): Promise<void> {
  return db.engine.hold(db.kysely, `imap sources of ${mailbox}`)
}

async function update(db: Database, source: ImapSource): Promise<boolean> {
  const { id, ...values } = fromSource(source)
  const { mailbox_id, host, username_key, folder } = values
  await holdMailbox(db, source.mailboxId)
  const others = db.kysely.selectFrom('imap_sources').select('id').where('mailbox_id', '=', mailbox_id)
  const same = others.where('host', '=', host).where('username_key', '=', username_key).where('folder', '=', folder)
  if (await same.where('id', '!=', id).executeTakeFirst()) return false
  await db.kysely.updateTable('imap_sources').set(values).where('id', '=', id).execute()
  return true
}

const leased = (lease: string, until: number) => ({ lease, lease_until: until, due_at: until })

async function claim(
  db: Database,
  now: number,
  lease: string,
  leaseUntil: number,
  limit: number,
  except: readonly OrgId[],
): Promise<ImapSource[]> {
  let due = db.kysely.selectFrom('imap_sources').select(['id', 'due_at']).where('due_at', '<=', now)
  if (except.length > 0) due = due.where('org_id', 'not in', except)
  const free = await db.engine.holdFreeRows(due.orderBy('due_at').limit(limit)).execute()
  if (free.length === 0) return []
  const ids = free.map((row) => row.id)
  const claimed = db.kysely.updateTable('imap_sources').where('id', 'in', ids)
  const rows = await claimed.set(leased(lease, leaseUntil)).returningAll().execute()
  return rows.map(toSource)
}

function toSource(row: ImapSourceTable): ImapSource {
  return {
    id: row.id as ImapSourceId,
    orgId: row.org_id as OrgId,
    mailboxId: row.mailbox_id as MailboxId,
    host: row.host,
    port: row.port,
    useSsl: row.use_ssl === 1,
    username: row.username,
    folder: row.folder,
    sealedPassword: row.sealed_password,
    keyId: row.key_id,
    fetchIntervalMinutes: row.fetch_interval_minutes,
    afterFetchAction: row.after_fetch_action as AfterFetchAction,
    position: { uidValidity: row.uid_validity, lastUid: row.last_uid, pending: JSON.parse(row.pending_uids) },
    lastFetchAt: row.last_fetch_at,
    lastSuccessAt: row.last_success_at,
    lastError: row.last_error as FetchProblem | null,
    lastFetched: row.last_fetched,
    lastIngested: row.last_ingested,
    failures: row.failures,
    nextFetchAt: row.next_fetch_at,
    lease: row.lease,
    leaseUntil: row.lease_until,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromSource(source: ImapSource): ImapSourceTable {
  const { position } = source
  return {
    id: source.id,
    org_id: source.orgId,
    mailbox_id: source.mailboxId,
    host: source.host,
    port: source.port,
    use_ssl: source.useSsl ? 1 : 0,
    username: source.username,
    username_key: source.username.normalize('NFC').toLowerCase(),
    folder: source.folder,
    sealed_password: source.sealedPassword,
    key_id: source.keyId,
    fetch_interval_minutes: source.fetchIntervalMinutes,
    after_fetch_action: source.afterFetchAction,
    uid_validity: position.uidValidity,
    last_uid: position.lastUid,
    pending_uids: JSON.stringify(position.pending),
    last_fetch_at: source.lastFetchAt,
    last_success_at: source.lastSuccessAt,
    last_error: source.lastError,
    last_fetched: source.lastFetched,
    last_ingested: source.lastIngested,
    failures: source.failures,
    next_fetch_at: source.nextFetchAt,
    lease: source.lease,
    lease_until: source.leaseUntil,
    due_at: source.leaseUntil ?? source.nextFetchAt,
    created_at: source.createdAt,
    updated_at: source.updatedAt,
  }
}
