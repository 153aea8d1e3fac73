import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ImapSourceId, type MailboxId, newId } from '../../src/core/ids.ts'
import { sealPassword } from '../../src/core/imap-sources/password.ts'
import { secretsFrom } from '../../src/core/secrets.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { buildMailbox } from '../support/builders.ts'
import { manualClock } from '../support/clock.ts'
import { type ImapAnswer, type ScriptedImap, scriptedImap } from '../support/scripted-imap.ts'
import { startServerProcess, temporaryFolder } from '../support/server-process.ts'

const MAILS = 180
const KILLS = Number(process.env.POSTHOUSE_KILLS ?? 3)
const SECRET = 'the master secret of this test, long enough'

const subject = (uid: number) => `mail ${uid}`
// Every other one has no name of its own.
const messages = Array.from({ length: MAILS }, (_, i) => {
  const name = i % 2 === 0 ? `Message-ID: <${i}@example.com>\r\n` : ''
  return { uid: i + 1, raw: `Subject: ${subject(i + 1)}\r\n${name}\r\n${'Hi\r\n'.repeat(200)}` }
})

test(`fetched mail is neither lost nor filed twice, nor deleted there too early, over ${KILLS} kills`, async () => {
  using folder = temporaryFolder()
  const deleted = new Set<number>()
  await using imap = await scriptedImap({ messages, answers: { 'UID EXPUNGE': expunge(deleted) } })
  const mailbox = await prepare(folder.path, imap)
  const environment = {
    POSTHOUSE_SECRET: SECRET,
    POSTHOUSE_ALLOW_NET: '127.0.0.0/8',
    POSTHOUSE_IMAP_CLEARTEXT: 'true',
    POSTHOUSE_DNS: '127.0.0.1:9',
  }
  for (let kill = 1; kill <= KILLS; kill++) {
    await using server = await startServerProcess(folder.path, environment)
    await asked(imap, Math.ceil((MAILS * kill) / (KILLS + 1)))
    await server.stop('SIGKILL')
    const filed = new Set(await subjects(folder.path, mailbox))
    expect([...deleted].filter((uid) => !filed.has(subject(uid)))).toEqual([])
  }
  await using server = await startServerProcess(folder.path, environment)
  await until(() => deleted.size === MAILS)
  await server.stop('SIGTERM')
  const filed = await subjects(folder.path, mailbox)
  expect(filed.toSorted()).toEqual(messages.map(({ uid }) => subject(uid)).toSorted())
  const again = asks(imap).length - MAILS
  console.log(JSON.stringify({ mails: MAILS, kills: KILLS, fetchedAgain: again }))
  expect(again).toBeLessThanOrEqual(KILLS)
}, 120_000)

/** A mailbox with a source that is due already. */
async function prepare(folder: string, { port }: ScriptedImap): Promise<MailboxId> {
  const yesterday = manualClock(Date.now() - 86_400_000)
  await using store = await openSqliteStore({ path: join(folder, 'posthouse.db'), clock: yesterday })
  const { id: mailboxId, orgId } = await buildMailbox(store)
  const id = newId<ImapSourceId>()
  const account = { host: '127.0.0.1', port, useSsl: false, username: 'ada', folder: 'INBOX' }
  await store.run('imap-sources.create', {
    ...{ id, orgId, mailboxId, ...account, ...sealPassword({ secrets: secretsFrom(SECRET) }, id, 'secret') },
    ...{ fetchIntervalMinutes: 1, afterFetchAction: 'delete' },
  })
  return mailboxId
}

async function subjects(folder: string, mailbox: MailboxId): Promise<string[]> {
  await using store = await openSqliteStore({ path: join(folder, 'posthouse.db'), clock: manualClock(Date.now()) })
  const { items } = await store.read.messages.list(mailbox, {}, { limit: 1000 })
  return items.map((message) => message.subject ?? '')
}

function expunge(deleted: Set<number>): ImapAnswer {
  return (socket, tag, set) => {
    for (const run of set.split(',')) {
      const [from = 0, to = from] = run.split(':').map(Number)
      for (let uid = from; uid <= to; uid++) deleted.add(uid)
    }
    socket.write(`${tag} OK done\r\n`)
  }
}

/** Every time that a message was asked for. */
const asks = ({ heard }: ScriptedImap) => heard.filter((line) => line.includes('UID FETCH'))

const asked = (imap: ScriptedImap, count: number) => until(() => asks(imap).length >= count)

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}
