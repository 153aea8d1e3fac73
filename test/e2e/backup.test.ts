import { statSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { auditAll } from '../resilience/audit.ts'
import { startEmptyDns } from '../resilience/empty-dns.ts'
import { Ledger } from '../resilience/ledger.ts'
import { runLoad } from '../resilience/load.ts'
import { BOXES, makeInboxes, startServer } from '../resilience/server.ts'
import { apiClient, eventually } from '../support/api-client.ts'
import { freshDatabase } from '../support/postgres.ts'
import { startS3 } from '../support/s3-server.ts'
import { runCommand, temporaryFolder } from '../support/server-process.ts'

type Env = Record<string, string>

/** A place for rows on an engine, gone with the test. */
async function place(engine: 'SQLite' | 'PostgreSQL'): Promise<{ folder: string; env: Env } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(temporaryFolder()).path
  const env: Env = engine === 'SQLite' ? {} : { POSTHOUSE_DATABASE_URL: stack.use(await freshDatabase()).url }
  const kept = stack.move()
  return { folder, env, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The books as far as they were acknowledged at this moment. */
function acknowledgedSoFar(ledger: Ledger): Ledger {
  const copy = new Ledger(BOXES)
  for (const [key, entry] of ledger.mails) if (entry.fate === 'acknowledged') copy.mails.set(key, { ...entry })
  for (const [key, entry] of ledger.sends) if (entry.fate === 'acknowledged') copy.sends.set(key, { ...entry })
  return copy
}

const ways = [
  ['SQLite', 'SQLite'],
  ['PostgreSQL', 'PostgreSQL'],
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'SQLite'],
] as const

describe('a backup that is made under load', () => {
  test.each(ways)(
    'of %s restores on %s with all that was acknowledged before it began',
    async (from, to) => {
      await using source = await place(from)
      await using target = await place(to)
      await using dns = await startEmptyDns()
      const env = { POSTHOUSE_DNS: dns.address }
      const file = join(source.folder, 'mail.tar')
      let before: Ledger
      {
        await using server = await startServer(source.folder, { ...env, ...source.env })
        await makeInboxes(server)
        const api = apiClient(server.url, server.apiKey)
        const { body: eve } = await api.post('/inboxes', { username: 'eve' })
        for (let i = 0; i < 20; i++) {
          await api.post(`/inboxes/${eve.inbox_id}/messages/send`, {
            to: [`n${i}@away.test`],
            subject: 'Tea?',
            text: `${i}`,
          })
        }
        const ledger = new Ledger(BOXES)
        const stop = new AbortController()
        const load = runLoad(server, ledger, { smtpConnections: 3, apiClients: 3 }, stop.signal)
        await eventually(
          async () => ledger.count(ledger.mails, 'acknowledged'),
          (count) => count > 40,
        )
        before = acknowledgedSoFar(ledger)
        const backup = runCommand(['backup', file, '--json'], source.folder, source.env)
        // Its mail goes while the backup is made: it is in it or not, but never without its bytes.
        await api.delete(`/inboxes/${eve.inbox_id}`)
        const made = await backup
        expect(made).toMatchObject({ code: 0, stderr: '' })
        console.log(
          `${from} to ${to}: ${before.mails.size} mails, ${before.sends.size} sends before; ${made.stdout.trim()}`,
        )
        stop.abort()
        await load
        await server.stop('SIGKILL')
      }
      expect(statSync(file).mode & 0o777).toBe(0o600)
      const restored = await runCommand(['restore', file, '--json'], target.folder, target.env)
      expect({ code: restored.code, stderr: restored.stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(restored.stdout)).toMatchObject({ faults: 0 })
      expect(statSync(join(target.folder, 'secret')).mode & 0o777).toBe(0o600)
      await using server = await startServer(target.folder, { ...env, ...target.env })
      expect((await auditAll(server, before, BOXES)).problems).toEqual([])
    },
    120_000,
  )
})

describe('a backup', () => {
  test('is never restored over anything, and never when it is damaged or cut', async () => {
    await using source = await place('SQLite')
    await using target = await place('SQLite')
    {
      await using server = await startServer(source.folder)
      await makeInboxes(server)
      const api = apiClient(server.url, server.apiKey)
      await api.post(`/inboxes/${BOXES[0]}/messages/send`, { to: [BOXES[1]], subject: 'Tea?', text: 'At four?' })
      await server.stop('SIGTERM')
    }
    const file = join(source.folder, 'mail.tar')
    expect((await runCommand(['backup', file], source.folder)).code).toBe(0)
    expect(await runCommand(['backup', file], source.folder)).toMatchObject({
      code: 1,
      stderr: /nothing is overwritten/,
    })

    const bytes = await readFile(file)
    const bad = join(source.folder, 'bad.tar')
    const restoring = async (damaged: Buffer) => {
      await writeFile(bad, damaged)
      const run = await runCommand(['restore', bad], target.folder)
      // The same folder each time: nothing that was left stands in the way of the next.
      return { code: run.code, stderr: run.stderr.trim() }
    }
    const flipped = (at: number) => Buffer.from(bytes).fill(bytes[at] === 65 ? 66 : 65, at, at + 1)
    const row = bytes.indexOf('"display_name"')
    const mail = bytes.lastIndexOf('At four?')
    expect(await restoring(bytes.subarray(0, bytes.length / 2))).toEqual({
      code: 1,
      stderr: expect.stringMatching(/ends in the middle/),
    })
    expect(await restoring(flipped(row + 1))).toMatchObject({ code: 1 })
    expect(await restoring(flipped(mail))).toEqual({ code: 1, stderr: expect.stringMatching(/damaged: blobs\//) })
    expect(await restoring(Buffer.from('no backup at all'))).toMatchObject({ code: 1 })
    expect(await restoring(bytes)).toEqual({ code: 0, stderr: expect.stringMatching(/0 missing or damaged/) })
    expect(await restoring(bytes)).toEqual({ code: 1, stderr: expect.stringMatching(/nothing is overwritten/) })
  }, 60_000)

  test('brings mail from a bucket into a folder, and leaves it in the bucket when that is asked for', async () => {
    await using source = await place('SQLite')
    await using target = await place('SQLite')
    await using s3 = await startS3()
    const bucket = {
      POSTHOUSE_BLOBS: `s3://${s3.bucket}?endpoint=${s3.endpoint}&region=${s3.region}&prefix=mail`,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    }
    let key = ''
    {
      await using server = await startServer(source.folder, bucket)
      key = server.apiKey
      await makeInboxes(server)
      const send = { to: ['away@client.test'], subject: 'Tea?', text: 'At four?' }
      await apiClient(server.url, key).post(`/inboxes/${BOXES[0]}/messages/send`, send)
      await server.stop('SIGTERM')
    }
    const [whole, rows] = ['whole', 'rows'].map((name) => join(source.folder, name))
    expect((await runCommand(['backup', whole ?? ''], source.folder, bucket)).code).toBe(0)
    expect((await runCommand(['backup', rows ?? '', '--no-blobs'], source.folder, bucket)).code).toBe(0)
    expect((await readFile(rows ?? '')).includes('At four?\r\n')).toBe(false)

    const moved = await runCommand(['restore', whole ?? '', '--json'], target.folder)
    expect(JSON.parse(moved.stdout)).toMatchObject({ blobs: 1, faults: 0 })
    await using server = await startServer(target.folder)
    const api = apiClient(server.url, key)
    const { body: list } = await api.get(`/inboxes/${BOXES[0]}/messages`)
    const raw = await api.bytes(`/inboxes/${BOXES[0]}/messages/${list.data[0].message_id}/eml`)
    expect([...s3.objects.values()].map(({ bytes }) => bytes.toString())).toEqual([raw.toString()])

    using beside = temporaryFolder()
    expect((await runCommand(['restore', rows ?? '', '--no-blobs'], beside.path, bucket)).code).toBe(0)
    expect((await runCommand(['check-blobs'], beside.path, bucket)).code).toBe(0)
  }, 60_000)

  test('made with a secret of the environment is restored with the same and refused with another', async () => {
    await using source = await place('SQLite')
    await using target = await place('SQLite')
    const env = { POSTHOUSE_SECRET: 'a-secret-of-the-environment-of-32-chars' }
    await runCommand(['org', 'create', 'Harbor Tea'], source.folder, env)
    const file = join(source.folder, 'mail.tar')
    expect((await runCommand(['backup', file], source.folder, env)).code).toBe(0)
    expect((await readFile(file)).includes(env.POSTHOUSE_SECRET)).toBe(false)
    const restoring = async (secret: Env) => (await runCommand(['restore', file], target.folder, secret)).stderr.trim()
    expect(await restoring({})).toMatch(/made with POSTHOUSE_SECRET/)
    expect(await restoring({ POSTHOUSE_SECRET: 'x'.repeat(32) })).toMatch(/is another secret/)
    expect(await restoring(env)).toMatch(/0 missing or damaged/)
  }, 60_000)

  test('without data says so and makes none', async () => {
    using folder = temporaryFolder()
    const run = await runCommand(['backup', join(folder.path, 'mail.tar')], join(folder.path, 'nothing'))
    expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(/no data/) })
    expect(() => statSync(join(folder.path, 'nothing'))).toThrow()
  })
})

test('what is lost or damaged among the message bytes is found', async () => {
  using folder = temporaryFolder()
  await using server = await startServer(folder.path)
  await makeInboxes(server)
  const api = apiClient(server.url, server.apiKey)
  await api.post(`/inboxes/${BOXES[0]}/messages/send`, { to: [BOXES[1]], subject: 'small', text: 'At four?' })
  const large = { filename: 'a.bin', content: Buffer.alloc(2_000_000, 'x').toString('base64') }
  await api.post(`/inboxes/${BOXES[0]}/messages/send`, {
    to: [BOXES[1]],
    subject: 'large',
    text: '.',
    attachments: [large],
  })
  const whole = await runCommand(['check-blobs', '--json'], folder.path)
  expect(whole.code).toBe(0)
  expect(JSON.parse(whole.stdout)).toMatchObject({ checked: 4, faults: 0 })
  await rm(join(folder.path, 'blobs/large'), { recursive: true })
  const { code, stdout } = await runCommand(['check-blobs'], folder.path)
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout: expect.stringMatching(/^(missing {2}[0-9a-f]{28}-[0-9a-f]{64}\n){2}$/),
  })
})
