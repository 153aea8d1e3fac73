import { afterAll, beforeAll, expect, test } from 'vitest'
import type { App } from '../../src/core/app.ts'
import { newId } from '../../src/core/ids.ts'
import { sealPassword } from '../../src/core/imap-sources/password.ts'
import { ImapWorker } from '../../src/core/imap-sources/worker.ts'
import { openPostgresStore } from '../../src/storage/postgres-store.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { buildMailbox, unique } from '../support/builders.ts'
import { freshDatabase } from '../support/postgres.ts'
import { scriptedImap } from '../support/scripted-imap.ts'

const SOURCES = 24
const ROUNDS = 4
const MINUTE = 60_000

const opened = new AsyncDisposableStack()
let t: TestApp
let nodes: App[]
beforeAll(async () => {
  t = opened.use(await testApp({ allowNet: ['127.0.0.0/8'], imap: { cleartext: true } }))
  const { url } = opened.use(await freshDatabase())
  const open = async () => ({ ...t.app, store: opened.use(await openPostgresStore({ url, clock: t.clock })) })
  nodes = [await open(), await open()]
})
afterAll(() => opened.disposeAsync())

test('two nodes on one database never fetch one source at once, and together fetch all of them', async () => {
  const mails = Array.from({ length: 3 }, (_, i) => ({ uid: i + 1, raw: `Subject: ${i}\r\n\r\nHi\r\n` }))
  const here = new Map<string, number>()
  const sessions: string[] = []
  let together = 0
  await using server = await scriptedImap({
    messages: mails,
    answers: {
      // The folder has the user's name, so that a session says whose it is.
      EXAMINE(socket, tag, user) {
        sessions.push(user)
        here.set(user, (here.get(user) ?? 0) + 1)
        together = Math.max(together, here.get(user) ?? 0)
        socket.once('close', () => here.set(user, (here.get(user) ?? 0) - 1))
        // Long enough for the other node to come by.
        setTimeout(() => socket.write(`* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n${tag} OK done\r\n`), 30)
      },
    },
  })
  const [first, second] = nodes as [App, App]
  const boxes = await Promise.all(Array.from({ length: SOURCES }, () => buildMailbox(first.store)))
  for (const { id: mailboxId, orgId } of boxes) {
    const id = newId<Parameters<typeof sealPassword>[1]>()
    const place = { host: '127.0.0.1', port: server.port, useSsl: false, folder: unique('user') }
    await first.store.run('imap-sources.create', {
      ...{ id, orgId, mailboxId, ...place, username: 'ada', ...sealPassword(first, id, 'secret') },
      ...{ fetchIntervalMinutes: 1, afterFetchAction: 'none' },
    })
  }
  await using a = new ImapWorker(first)
  await using b = new ImapWorker(second)
  for (let round = 0; round < ROUNDS; round++) {
    t.clock.advance(2 * MINUTE)
    await Promise.all([a.idle(), b.idle()])
  }
  expect(together).toBe(1)
  expect(new Set(sessions).size).toBe(SOURCES)
  expect(sessions.length).toBe(SOURCES * ROUNDS)
  for (const { id } of boxes) {
    expect((await second.store.read.messages.list(id, {}, { limit: 10 })).total).toBe(mails.length)
  }
})
