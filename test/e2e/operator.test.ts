import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiClient, eventually } from '../support/api-client.ts'
import { runCommand, type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'
import { SmtpSink } from '../support/smtp-sink.ts'

const folder = temporaryFolder()
let server: ServerProcess

beforeAll(async () => {
  // Nobody listens there, so what is sent waits.
  server = await startServerProcess(folder.path, { POSTHOUSE_DELIVERY: 'smtp://127.0.0.1:9' })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const api = () => apiClient(server.url, server.apiKey ?? '')
const command = (...args: string[]) => runCommand(args, folder.path)
const json = async (...args: string[]) => JSON.parse((await command(...args, '--json')).stdout)

test('what waits is listed, tried again and given up from the command line while the server runs', async () => {
  const { body: inbox } = await api().post('/inboxes', { username: 'ann' })
  const send = (to: string[]) =>
    api().post(`/inboxes/${inbox.inbox_id}/messages/send`, { to, subject: 'Tea?', text: '.' })
  const { body: first } = await send(['bob@client.test', 'cy@client.test'])
  await send(['dee@client.test'])
  type Item = { id: string; recipient: string; message_id: string; attempts: { text: string }[] }
  const listed = () => json('queue', 'list') as Promise<{ total: number; deliveries: Item[] }>
  const tried = (times: number) => (queue: { deliveries: Item[] }) =>
    queue.deliveries.every((d) => d.attempts.length >= times)
  const before = await eventually(listed, tried(1))
  expect(before.total).toBe(3)
  expect((await command('queue', 'list')).stdout).toContain('dee@client.test')

  expect(await json('queue', 'retry', first.message_id)).toEqual({ retried: 2, failed: 0 })
  const again = await eventually(listed, ({ deliveries }) => {
    return tried(2)({ deliveries: deliveries.filter((d) => d.message_id === first.message_id) })
  })
  const dee = again.deliveries.find((d) => d.recipient === 'dee@client.test')
  const cancelled = await command('queue', 'cancel', dee?.id ?? '', 'msg_nonsense')
  expect(cancelled).toMatchObject({ code: 1, stdout: '1 cancelled\n' })
  expect(cancelled.stderr).toContain('No such delivery')
  expect(await json('queue', 'cancel', '--all')).toEqual({ cancelled: 2, failed: 0 })
  expect(await listed()).toEqual({ total: 0, deliveries: [] })
})

test('the operator suppresses addresses of an organization and lifts what is suppressed', async () => {
  const { org_id } = await json('org', 'create', 'Harbor Tea')
  const added = await command('suppression', 'add', 'Bob@Client.test', '--org', org_id, '--json')
  expect(JSON.parse(added.stdout)).toMatchObject({ address: 'bob@client.test', reason: 'manual' })
  expect((await command('suppression', 'list', '--org', org_id)).stdout).toMatch(/^bob@client.test +manual/m)
  expect((await command('suppression', 'remove', 'bob@client.test', '--org', org_id)).code).toBe(0)
  expect((await command('suppression', 'list', '--org', org_id)).stdout).toBe('')
  const unknown = await command('suppression', 'add', 'bob@client.test', '--org', 'org_nobody')
  expect(unknown).toMatchObject({ code: 1, stdout: '', stderr: 'No such organization\n' })
})

test('the operator says where mail to unknown addresses goes, while the server runs', async () => {
  await api().post('/inboxes', { username: 'lost' })
  const mailer = createTransport({ host: '127.0.0.1', port: server.smtpPort, tls: { rejectUnauthorized: false } })
  const typo = () =>
    mailer.sendMail({ from: 'a@client.test', to: 'typo@posthouse.localhost', subject: 'Hi', text: '.' })
  await expect(typo()).rejects.toMatchObject({ responseCode: 550 })
  const catchAll = (...args: string[]) => command('domain', 'catch-all', 'posthouse.localhost', ...args)
  expect(await catchAll('lost@posthouse.localhost')).toMatchObject({ code: 0, stdout: '' })
  await typo()
  expect((await api().get('/inboxes/lost@posthouse.localhost/messages')).body).toMatchObject({ total: 1 })
  expect((await catchAll('--none')).code).toBe(0)
  await expect(typo()).rejects.toMatchObject({ responseCode: 550 })
  expect(await catchAll()).toMatchObject({ code: 1, stderr: 'Say a mailbox or --none\n' })
})

test('the records to publish are lines of a zone file, long texts in strings that a record holds', async () => {
  const zone = (await command('dns', 'posthouse.localhost')).stdout
  expect(zone).toMatch(/^posthouse\.localhost\. +3600 IN MX +10 mail\.posthouse\.localhost\.$/m)
  expect(zone).toMatch(
    /^dkim\._domainkey\.posthouse\.localhost\. +3600 IN TXT \( "v=DKIM1; k=rsa; p=[^"]+"\n +"[^"]+" \)$/m,
  )
  const strings = [...zone.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '')
  expect(Math.max(...strings.map((text) => text.length))).toBe(255)
  const [own] = await json('dns')
  expect(own).toMatchObject({ domain: 'posthouse.localhost' })
  expect(own.records.map((r: { purpose: string }) => r.purpose)).toEqual(['mx', 'spf', 'dkim', 'dkim', 'dmarc'])
  expect(await command('dns', 'foreign.test')).toMatchObject({ code: 1, stdout: '', stderr: 'No such domain\n' })
})

test('a rotation shows the next keys, and they sign when they are activated', async () => {
  const made = await json('dkim', 'rotate', 'posthouse.localhost')
  expect(made.map((key: { state: string }) => key.state)).toEqual(['pending', 'pending'])
  const shown = await command('dkim', 'rotate', 'posthouse.localhost')
  for (const { selector } of made) expect(shown.stdout).toContain(`${selector}._domainkey.posthouse.localhost.`)
  const active = await json('dkim', 'rotate', 'posthouse.localhost', '--activate', '--force')
  expect(active.map((key: { selector: string }) => key.selector)).toEqual(
    made.map((key: { selector: string }) => key.selector),
  )
})

test('a domain gets a way out of its own and loses it again, while the server runs', async () => {
  await using sink = await SmtpSink.listen({ extensions: ['AUTH PLAIN'], users: { ann: 'geheim' } })
  const { body: inbox } = await api().post('/inboxes', { username: 'eve' })
  const set = await command('route', 'set', 'posthouse.localhost', `smtp://ann:geheim@127.0.0.1:${sink.port}`)
  expect(set).toMatchObject({ code: 0, stdout: '' })
  await api().post(`/inboxes/${inbox.inbox_id}/messages/send`, { to: 'bob@harbor.test', subject: 'Tea?', text: '.' })
  await eventually(
    async () => sink.messages.map(({ to, user }) => [to, user]),
    (seen) => seen.length === 1,
  )
  expect(sink.messages).toMatchObject([{ to: ['bob@harbor.test'], user: 'ann' }])
  const shown = `smtp://ann@127.0.0.1:${sink.port}`
  expect(await json('route', 'list')).toEqual([{ domain: 'posthouse.localhost', route: shown }])
  expect((await command('route', 'list')).stdout).toContain(shown)
  expect((await command('route', 'clear', 'posthouse.localhost')).code).toBe(0)
  expect(await json('route', 'list')).toEqual([])
  const wrong = await command('route', 'set', 'posthouse.localhost', 'smtp://ann:geheim@')
  expect(wrong).toMatchObject({ code: 1, stdout: '' })
  expect(wrong.stderr).not.toContain('geheim')
})
