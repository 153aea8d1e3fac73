import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Store } from '../../src/core/store.ts'
import { openPostgresStore } from '../../src/storage/postgres-store.ts'
import { buildMailbox, buildOrganization, fileMail } from '../support/builders.ts'
import { manualClock } from '../support/clock.ts'
import { freshDatabase } from '../support/postgres.ts'

describe('mails that share a commit on PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let store: Store
  let other: pg.Client
  // Another one, since inside a transaction the view of the activity stands still.
  let watcher: pg.Client

  beforeAll(async () => {
    database = await freshDatabase()
    store = await openPostgresStore({ url: database.url, clock: manualClock() })
    other = await connect(database.url)
    watcher = await connect(database.url)
  })
  afterAll(async () => {
    await other.end()
    await watcher.end()
    await store[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  test('one that fails takes none of its neighbours along, and is refused itself', async () => {
    const boxes = await buildBoxes(4)
    const odd = { sizeBytes: 2 ** 70 }
    const results = await Promise.allSettled([
      ...boxes.map((box) => fileMail(store, box)),
      fileMail(store, boxes[1] as Mailbox, odd),
      ...boxes.map((box) => fileMail(store, box)),
    ])
    expect(results.map(({ status }) => status)).toEqual([...fulfilled(4), 'rejected', ...fulfilled(4)])
    expect(await Promise.all(boxes.map(messageCount))).toEqual([2, 2, 2, 2])
    expect(await uidsOf(boxes)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('a bug in one is answered to that one', async () => {
    const boxes = await buildBoxes(2)
    const results = await Promise.allSettled([
      fileMail(store, boxes[0] as Mailbox),
      fileMail(store, boxes[1] as Mailbox, { preview: { odd: 1 } as never }),
    ])
    expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { name: 'TypeError' } }])
    expect(await Promise.all(boxes.map(messageCount))).toEqual([1, 0])
  })

  test('two of one mailbox see each other: the same bytes once, and an answer in the thread of its question', async () => {
    const [box] = await buildBoxes(1)
    const first = await fileMail(store, box as Mailbox)
    const copies = [{ mailbox: box as Mailbox, rcptTo: [] }]
    const again = await Promise.all(
      [first.mail, first.mail].map((mail) => store.run('messages.file', { mail, copies, host: 'posthouse.test' })),
    )
    expect(again.flat().map(({ result }) => result)).toEqual(['duplicate', 'duplicate'])
    const twins = { ...first.mail, messageId: '<twins@posthouse.test>' }
    const question = { ...first.mail, messageId: '<question@posthouse.test>', sha256: 'b'.repeat(64) }
    const answer = {
      ...question,
      messageId: '<answer@posthouse.test>',
      inReplyTo: question.messageId,
      sha256: 'c'.repeat(64),
    }
    const filed = await Promise.all(
      [twins, twins, question, answer].map((mail) =>
        store.run('messages.file', { mail, copies, host: 'posthouse.test' }),
      ),
    )
    const [one, two, asked, answered] = filed.flat()
    expect([one?.result, two?.result]).toEqual(['stored', 'duplicate'])
    expect(answered).toMatchObject({ threadId: asked && 'threadId' in asked ? asked.threadId : undefined })
    const thread = asked?.result === 'stored' && (await store.read.threads.get(asked.mailboxId, asked.threadId))
    expect(thread).toMatchObject({ messageCount: 2 })
  })

  test('nobody is told yes before the commit: a connection that ends before it refuses all, and nothing is there', async () => {
    const boxes = await buildBoxes(3)
    await fileMail(store, boxes[0] as Mailbox)
    await other.query('begin')
    await other.query('update domain_uids set last_uid = last_uid where domain = $1', [boxes[0]?.domain])
    const filing = Promise.allSettled(boxes.map((box) => fileMail(store, box)))
    await waitingForLocks(1)
    await watcher.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    )
    const unavailable = { status: 'rejected', reason: { code: 'unavailable' } }
    expect(await filing).toMatchObject([unavailable, unavailable, unavailable])
    await other.query('rollback')
    expect(await Promise.all(boxes.map(messageCount))).toEqual([1, 0, 0])
    await Promise.all(boxes.map((box) => fileMail(store, box)))
    expect(await Promise.all(boxes.map(messageCount))).toEqual([2, 1, 1])
  })

  test('the victim of a deadlock is filed all the same, and once', async () => {
    const boxes = await buildBoxes(3)
    await fileMail(store, boxes[0] as Mailbox)
    // The others look for a ring after a second, this one does not: so they find it.
    await other.query("set deadlock_timeout = '1min'")
    await other.query('begin')
    await other.query('update domain_uids set last_uid = last_uid where domain = $1', [boxes[0]?.domain])
    const filing = Promise.all(boxes.map((box) => fileMail(store, box)))
    await waitingForLocks(1)
    await other.query('select id from mailboxes where id = $1 for update', [boxes[1]?.id])
    await other.query('rollback')
    await filing
    expect(await Promise.all(boxes.map(messageCount))).toEqual([2, 1, 1])
    expect(await uidsOf(boxes)).toEqual([1, 2, 3, 4])
  })

  test('a mailbox that somebody holds for long keeps no other mail waiting', async () => {
    const boxes = await buildBoxes(3)
    await other.query('begin')
    await other.query('select id from mailboxes where id = $1 for update', [boxes[1]?.id])
    const [first, stuck, last] = boxes.map((box) => fileMail(store, box))
    await Promise.all([first, last])
    const behind = fileMail(store, boxes[1] as Mailbox)
    await fileMail(store, boxes[0] as Mailbox)
    expect(await Promise.all(boxes.map(messageCount))).toEqual([2, 0, 1])
    await other.query('rollback')
    await Promise.all([stuck, behind])
    expect(await Promise.all(boxes.map(messageCount))).toEqual([2, 2, 1])
  })

  test('what waits when the store is closed is still filed', async () => {
    const [box] = await buildBoxes(1)
    const node = await openPostgresStore({ url: database.url, clock: manualClock() })
    const filing = Promise.allSettled(Array.from({ length: 200 }, () => fileMail(node, box as Mailbox)))
    await node[Symbol.asyncDispose]()
    const stored = (await filing).filter(({ status }) => status === 'fulfilled').length
    expect([stored, await messageCount(box as Mailbox)]).toEqual([200, 200])
  })

  async function buildBoxes(number: number): Promise<Mailbox[]> {
    const owner = await buildOrganization(store)
    const boxes: Mailbox[] = []
    for (let i = 0; i < number; i++)
      boxes.push(await buildMailbox(store, owner, { domain: `${owner.organization.id}.test` }))
    return boxes
  }

  async function messageCount(box: Mailbox): Promise<number | undefined> {
    return (await store.read.mailboxes.get(box.orgId, box.id))?.messageCount
  }

  async function uidsOf(boxes: Mailbox[]): Promise<number[]> {
    const { rows } = await other.query('select uid from message_uids where domain = $1 order by uid', [
      boxes[0]?.domain,
    ])
    return rows.map(({ uid }) => Number(uid))
  }

  async function waitingForLocks(number: number): Promise<void> {
    const waiting = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    await expect.poll(async () => (await watcher.query(waiting)).rows[0].n, { timeout: 10_000 }).toBe(number)
  }
})

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

function fulfilled(number: number): string[] {
  return Array.from({ length: number }, () => 'fulfilled')
}
