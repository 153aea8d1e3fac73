import type { MailboxId, MessageId, OrgId } from '../../core/ids.ts'
import type { Placed } from '../../core/messages/store.ts'
import type { Database } from '../database.ts'
import { statement } from '../statement.ts'
import { alive } from './alive.ts'

const take = statement((db, v: { domain: string }) =>
  db
    .insertInto('domain_uids')
    .values({ domain: v.domain, last_uid: 1 })
    .onConflict((clash) =>
      clash.column('domain').doUpdateSet((eb) => ({ last_uid: eb('domain_uids.last_uid', '+', 1) })),
    )
    .returning('last_uid'),
)

const insert = statement((db, v: { domain: string; uid: number; message_id: string }) =>
  db.insertInto('message_uids').values({ domain: v.domain, uid: v.uid, message_id: v.message_id }),
)

const domainOf = statement((db, v: { id: string }) =>
  db.selectFrom('mailboxes').select('domain').where('id', '=', v.id),
)

/** Numbers new messages. Always in the order of the domains, so that two transactions never wait for each other in a ring. */
export async function assignUids(
  db: Database,
  copies: { mailboxId: MailboxId; messageId: MessageId }[],
): Promise<void> {
  if (db.shared) db.shared.unnumbered.push(...copies)
  else if (db.engine.numberMessages) await db.engine.numberMessages(db, copies)
  else await numberInTurn(db, copies)
}

async function numberInTurn(db: Database, copies: { mailboxId: MailboxId; messageId: MessageId }[]): Promise<void> {
  const placed: { domain: string; message_id: MessageId }[] = []
  for (const { mailboxId, messageId } of copies) {
    const row = await domainOf.first(db, { id: mailboxId })
    if (row) placed.push({ domain: row.domain, message_id: messageId })
  }
  placed.sort((a, b) => (a.domain < b.domain ? -1 : Number(a.domain > b.domain)))
  for (const one of placed) {
    const taken = await take.first(db, one)
    if (taken) await insert.change(db, { ...one, uid: taken.last_uid })
  }
}

export async function uidsOf(db: Database, ids: readonly MessageId[]): Promise<Map<MessageId, Placed>> {
  if (ids.length === 0) return new Map()
  const rows = await db.kysely.selectFrom('message_uids').selectAll().where('message_id', 'in', ids).execute()
  return new Map(rows.map(({ message_id, uid, domain }) => [message_id as MessageId, { uid, domain }]))
}

export async function findByUid(db: Database, org: OrgId, { domain, uid }: Placed) {
  const row = await db.kysely
    .selectFrom('message_uids as u')
    .innerJoin('messages as m', 'm.id', 'u.message_id')
    .innerJoin('mailboxes as b', 'b.id', 'm.mailbox_id')
    .select(['m.id', 'm.mailbox_id'])
    .where('u.domain', '=', domain)
    .where('u.uid', '=', uid)
    .where('m.org_id', '=', org)
    .where(alive(db, 'b'))
    .executeTakeFirst()
  return row && { id: row.id as MessageId, mailboxId: row.mailbox_id as MailboxId }
}
