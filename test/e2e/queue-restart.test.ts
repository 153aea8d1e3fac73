import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { retryNow } from '../../src/core/outbound/queue.ts'
import { openApp } from '../../src/open-app.ts'
import { type ApiClient, apiClient, eventually } from '../support/api-client.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'
import { SmtpSink, scripted } from '../support/smtp-sink.ts'

// The real program with a smarthost that has no time for `later@`, and loses its voice after the first mail to `lost@`.
const folder = temporaryFolder()
const opened = new AsyncDisposableStack()
let sink: SmtpSink
let server: ServerProcess
let api: ApiClient
let key: string
let desk: string

const start = async () => {
  server = await startServerProcess(folder.path, { POSTHOUSE_DELIVERY: `smtp://127.0.0.1:${sink.port}` })
  key = server.apiKey ?? key
  api = apiClient(server.url, key)
}

beforeAll(async () => {
  opened.use(folder)
  const rcpt = (argument: string) => (argument.includes('later@') ? '451 4.7.1 Come again' : undefined)
  const end = (to: string, count: number) => (to.includes('lost@') && count === 0 ? 'lose' : undefined)
  sink = opened.use(await SmtpSink.listen({ answer: scripted({ RCPT: rcpt, end }) }))
  await start()
  desk = (await api.post('/inboxes', { username: 'desk' })).body.inbox_id
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await opened.disposeAsync()
})

async function send(to: string): Promise<string> {
  const { body } = await api.post(`/inboxes/${desk}/messages/send`, { to, subject: 'Notes', text: 'On the engine' })
  return `/inboxes/${desk}/messages/${body.message_id}`
}

async function delivery(path: string) {
  return (await api.get(`${path}/deliveries`)).body.data[0]
}

const tried = (path: string, attempts: number) =>
  eventually(
    () => delivery(path),
    (found) => found.attempts.length === attempts && found.status !== 'sending',
  )

/** As an operator does beside the running program. */
async function hurryAll(): Promise<void> {
  await using beside = await openApp(readConfig({ POSTHOUSE_DATA: folder.path, POSTHOUSE_LOG: 'silent' }))
  const { items } = await beside.app.store.read.outbound.queue({ limit: 10 })
  for (const { id } of items) expect(await retryNow(beside.app, id)).toBe(1)
}

test('the peer has the mail but its yes is lost: it is sent once more, under the same Message-ID', async () => {
  const path = await send('lost@example.com')
  const first = await tried(path, 1)
  expect(first).toMatchObject({ status: 'queued', attempts: [{ code: null }] })
  await hurryAll()
  expect(await tried(path, 2)).toMatchObject({ status: 'sent', attempts: [{}, { code: 250 }] })
  const [one, two] = sink.messages
  expect(sink.messages).toHaveLength(2)
  expect(two?.raw).toEqual(one?.raw)
  expect(one?.raw.toString()).toMatch(/^Message-ID: </m)
})

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'after %s in the middle of the queue all due times are as before',
  async (signal) => {
    const paths = [await send('later@one.test'), await send('later@two.test')]
    const before = await Promise.all(paths.map((path) => tried(path, 1)))
    expect(before.map(({ status }) => status)).toEqual(['queued', 'queued'])
    await server.stop(signal)
    await start()
    const other = await send(`ada@${signal}.test`)
    await eventually(
      () => delivery(other),
      (found) => found.status === 'sent',
    )
    expect(await Promise.all(paths.map(delivery))).toEqual(before)
    await hurryAll()
    const after = await Promise.all(paths.map((path) => tried(path, 2)))
    expect(after.map(({ status }) => status)).toEqual(['queued', 'queued'])
    for (const [at, { next_attempt_at }] of after.entries())
      expect(next_attempt_at > before[at].next_attempt_at).toBe(true)
  },
)
