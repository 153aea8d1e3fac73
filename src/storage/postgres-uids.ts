import { sql } from 'kysely'
import type { Connection } from './database.ts'
import { statement } from './statement.ts'

// One statement, since the row of a domain's counter is held from here to the commit, and whoever files in that domain waits for it.
const number = statement((db, v: { copies: string }) => ({
  compile: () =>
    sql`
    with given as (
      select m.domain, g."messageId" as message_id, g.place
      from json_to_recordset(${v.copies}::json) as g ("mailboxId" text, "messageId" text, place int)
      join mailboxes m on m.id = g."mailboxId"),
    placed as (
      select *, row_number() over (partition by domain order by place) as nth, count(*) over (partition by domain) as number
      from given),
    taken as (
      insert into domain_uids (domain, last_uid)
      select domain, count(*) from given group by domain order by domain
      on conflict (domain) do update set last_uid = domain_uids.last_uid + excluded.last_uid
      returning domain, last_uid)
    insert into message_uids (domain, uid, message_id)
    select p.domain, t.last_uid - p.number + p.nth, p.message_id from placed p join taken t on t.domain = p.domain`.compile(
      db,
    ),
}))

/** Numbers messages in their domains, in the order they are given; the counters are taken in the order of the domains. */
export async function numberMessages(
  db: Connection,
  copies: readonly { mailboxId: string; messageId: string }[],
): Promise<void> {
  if (copies.length === 0) return
  await number.write(db, { copies: JSON.stringify(copies.map((copy, place) => ({ ...copy, place }))) })
}
