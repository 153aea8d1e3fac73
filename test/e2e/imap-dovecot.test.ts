import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CreateImapSource, updateImapSource } from '../../src/core/imap-sources/imap-sources.ts'
import { ImapWorker } from '../../src/core/imap-sources/worker.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { unique } from '../support/builders.ts'
import { type Dovecot, findDovecot, startDovecot } from '../support/dovecot.ts'
import { type ImapInbox, imapInbox } from '../support/imap-inbox.ts'
import type { RemoteFolder } from '../support/remote-folder.ts'

const found = await findDovecot()
const MINUTE = 60_000

const mail = (subject: string, body = 'Hi') =>
  `From: ada@example.com\nSubject: ${subject}\nMessage-ID: <${unique('m')}@example.com>\n\n${body}\n`
const good = (fetched: number, ingested = fetched) => ({ fetched, ingested, problem: null })
const bad = (problem: string) => ({ fetched: 0, ingested: 0, problem })

describe.skipIf('missing' in found)(`IMAP sources${'missing' in found ? ` (${found.missing})` : ''}`, () => {
  let dovecot: Dovecot
  let t: TestApp
  let inbox: ImapInbox
  let user: string
  let remote: RemoteFolder
  beforeAll(async () => {
    if ('missing' in found) return
    dovecot = await startDovecot(found)
    const dns = { 'imap.test': { a: [dovecot.tls.address] }, 'other.test': { a: [dovecot.tls.address] } }
    t = await testApp({ allowNet: ['127.0.0.0/8'], dns, imap: { ca: dovecot.ca } })
  })
  afterAll(async () => {
    await t?.[Symbol.asyncDispose]()
    await dovecot?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    inbox = await imapInbox(t)
    user = unique('user')
    remote = dovecot.folder(user)
  })
  const add = (fields: Partial<CreateImapSource> = {}) =>
    inbox.add({ host: dovecot.host, port: dovecot.tls.port, username: user, password: 'secret', ...fields })

  test('what is there comes oldest first, byte for byte, and stays unseen', async () => {
    const raw = Buffer.from('Subject: bytes\r\n\r\n\xe9\x01 8 bit, a NUL-free line and no end', 'latin1')
    remote.put(mail('one'), raw, mail('three'))
    const source = await add()
    expect(await inbox.fetch(source)).toEqual(good(3))
    const messages = await inbox.messages()
    expect(messages.map((m) => m.subject)).toEqual(['one', 'bytes', 'three'])
    expect(messages[1]).toMatchObject({ source: 'imap', sizeBytes: raw.length })
    expect(await t.app.blobs.get(messages[1]!.blobKey)).toEqual(raw)
    const content = await t.app.store.read.messages.content(messages[0]!.id)
    expect(content?.envelope).toMatchObject({ rcptTo: [inbox.mailbox.address], imapSourceId: source.id })
    expect(content?.authentication).toMatchObject({ spf: { result: 'none' }, dkim: [{ result: 'none' }] })
    expect(remote.flags()).toEqual(['', '', ''])
  })

  test('the next fetch brings what is new, and nothing twice', async () => {
    remote.put(mail('one'), mail('two'))
    const source = await add()
    await inbox.fetch(source)
    expect(await inbox.fetch(source)).toEqual(good(0))
    remote.put(mail('three'))
    expect(await inbox.fetch(source)).toEqual(good(1))
    expect(await inbox.subjects()).toEqual(['one', 'two', 'three'])
    expect(await (await t.fetch('/metrics')).text()).toMatch(/posthouse_imap_fetches_total\{result="ok"\} \d/)
  })

  test('STARTTLS is as good as TLS', async () => {
    remote.put(mail('one'))
    const source = await add({ port: dovecot.plain.port, useSsl: false })
    expect(await inbox.fetch(source)).toEqual(good(1))
    expect(dovecot.log()).toContain(`user=<${user}>`)
    expect(dovecot.log()).not.toMatch(new RegExp(`user=<${user}>(?!.*TLS)`))
  })

  test('a certificate of another name, or of nobody, is refused before the password is sent', async () => {
    const wrongName = await add({ host: 'other.test' })
    expect(await inbox.fetch(wrongName)).toEqual(bad('tls'))
    const startTls = await add({ host: 'other.test', username: `${user}2`, port: dovecot.plain.port, useSsl: false })
    expect(await inbox.fetch(startTls)).toEqual(bad('tls'))
    await using strict = await testApp({
      allowNet: ['127.0.0.0/8'],
      dns: { 'imap.test': { a: [dovecot.tls.address] } },
    })
    const other = await imapInbox(strict)
    const untrusted = await other.add({ ...hostOf(), username: user, password: 'secret' })
    expect(await other.fetch(untrusted)).toEqual(bad('tls'))
    expect(dovecot.log()).not.toContain(`user=<${user}`)
  })
  const hostOf = () => ({ host: dovecot.host, port: dovecot.tls.port })

  test('read: what is filed is seen there afterwards', async () => {
    remote.put(mail('one'), mail('two'))
    const source = await add({ afterFetchAction: 'read' })
    expect(await inbox.fetch(source)).toEqual(good(2))
    expect(remote.flags()).toEqual(['S', 'S'])
    expect((await inbox.look(source)).position.pending).toEqual([])
  })

  test('delete: what is filed is deleted there', async () => {
    remote.put(mail('one'), mail('two'))
    const source = await add({ afterFetchAction: 'delete' })
    expect(await inbox.fetch(source)).toEqual(good(2))
    expect(remote.flags()).toEqual([])
    expect(await inbox.subjects()).toEqual(['one', 'two'])
  })

  test('delete: exactly that, and nothing that somebody else has flagged', async () => {
    remote.put(mail('theirs'), mail('kept'))
    const source = await add()
    await inbox.fetch(source)
    remote.flag(0, 'T')
    remote.put(mail('ours'))
    const { caller, mailbox } = inbox
    await updateImapSource(t.app, caller, mailbox.address, source.id, { afterFetchAction: 'delete' })
    expect(await inbox.fetch(source)).toEqual(good(1))
    expect(remote.flags()).toEqual(['T', ''])
  })

  test('when its numbers change, the folder is read anew and nothing is filed twice', async () => {
    remote.put(mail('one'), 'From: ada@example.com\nSubject: no id\n\nHi\n')
    const source = await add()
    await inbox.fetch(source)
    const before = await inbox.look(source)
    remote.renumber()
    remote.put(mail('three'))
    expect(await inbox.fetch(source)).toEqual(good(3, 1))
    const after = await inbox.look(source)
    expect(after.position.uidValidity).not.toBe(before.position.uidValidity)
    expect(await inbox.subjects()).toEqual(['one', 'no id', 'three'])
  })

  test('a fetch takes 200, and the next ones follow until all are here', async () => {
    const subjects = Array.from({ length: 450 }, (_, i) => `mail ${i}`)
    remote.put(...subjects.map((subject) => mail(subject)))
    const source = await add()
    expect(await inbox.fetch(source)).toEqual(good(200))
    expect((await inbox.look(source)).nextFetchAt - t.clock.now()).toBeLessThan(MINUTE)
    await using worker = new ImapWorker(t.app)
    for (let i = 0; i < 2; i++) {
      t.clock.advance(MINUTE)
      await worker.idle()
    }
    expect(await inbox.subjects()).toEqual(subjects)
  })

  test('a few new ones at the end of a large folder with gaps are found', async () => {
    remote.put(...Array.from({ length: 70 }, (_, i) => mail(`old ${i}`)))
    const source = await add()
    await inbox.fetch(source)
    for (const at of [69, 40, 3]) remote.remove(at)
    for (const count of [1, 2, 7]) {
      remote.put(...Array.from({ length: count }, (_, i) => mail(`new ${count}.${i}`)))
      expect(await inbox.fetch(source)).toEqual(good(count))
    }
  })

  test('another folder, with letters of its own', async () => {
    dovecot.folder(user, 'Rechnungen &- M&APw-ll').put(mail('filed'))
    const source = await add({ folder: 'Rechnungen & Müll' })
    expect(await inbox.fetch(source)).toEqual(good(1))
  })

  test('a message that is too large is passed by and never asked for', async () => {
    await t.app.store.run('mailboxes.update', {
      orgId: inbox.mailbox.orgId,
      id: inbox.mailbox.id,
      change: { policy: { ...inbox.mailbox.policy, maxMessageBytes: 500 } },
    })
    remote.put(mail('one'), mail('large', 'x'.repeat(1000)), mail('three'))
    const source = await add({ afterFetchAction: 'read' })
    expect(await inbox.fetch(source)).toEqual(good(2))
    expect(await inbox.subjects()).toEqual(['one', 'three'])
    expect(remote.flags()).toEqual(['S', '', 'S'])
    expect((await inbox.look(source)).position.lastUid).toBe(3)
  })

  test('a mail that has been round too often is passed by', async () => {
    remote.put(`${'Received: from a by b\n'.repeat(60)}Subject: loop\n\nHi\n`, mail('two'))
    const source = await add({ afterFetchAction: 'delete' })
    expect(await inbox.fetch(source)).toEqual(good(2, 1))
    expect(remote.flags()).toEqual([''])
  })

  test('what cannot be marked is filed all the same, and marked with a later fetch', async () => {
    remote.put(mail('one'))
    const source = await add({ afterFetchAction: 'read' })
    const { markSeen, restore } = withoutMarks(t)
    expect(await inbox.fetch(source)).toEqual({ fetched: 1, ingested: 1, problem: 'after_fetch' })
    expect(await inbox.look(source)).toMatchObject({
      lastError: 'after_fetch',
      failures: 0,
      position: { pending: [1] },
    })
    expect(markSeen).toEqual([[1]])
    restore()
    expect(await inbox.fetch(source)).toEqual(good(0))
    expect(remote.flags()).toEqual(['S'])
    expect(await inbox.subjects()).toEqual(['one'])
  })

  test('nothing is marked or deleted that is not filed', async () => {
    remote.put(mail('one'))
    const source = await add({ afterFetchAction: 'delete' })
    const run = t.app.store.run
    t.app.store.run = (name, input) =>
      name === 'messages.file' ? Promise.reject(new Error('The disk is full')) : run(name, input)
    try {
      expect(await inbox.fetch(source)).toEqual({ fetched: 1, ingested: 0, problem: 'internal' })
    } finally {
      t.app.store.run = run
    }
    expect(remote.flags()).toEqual([''])
    expect(await inbox.fetch(source)).toEqual(good(1))
    expect(remote.flags()).toEqual([])
  })

  test('a wrong password is an auth error, and asked less and less often', async () => {
    const source = await add({ password: 'wrong' })
    const waits: number[] = []
    for (let i = 0; i < 3; i++) {
      expect(await inbox.fetch(source)).toEqual(bad('auth'))
      waits.push(Math.round(((await inbox.look(source)).nextFetchAt - t.clock.now()) / MINUTE))
    }
    expect(waits[2]).toBeGreaterThan(waits[1]! * 1.5)
    expect(waits[1]).toBeGreaterThan(waits[0]! * 1.5)
    expect(await inbox.look(source)).toMatchObject({ lastError: 'auth', failures: 3, lastSuccessAt: null })
  })

  test.each([
    ['a folder that is not there', { folder: 'Nowhere' }, 'folder_not_found'],
    ['a name without an address', { host: 'nowhere.example' }, 'dns'],
    ['a port where nobody listens', { port: 1 }, 'connect_timeout'],
    ['TLS where none is spoken', { port: 1143 }, 'tls'],
  ])('%s is told as %o: %s', async (_, fields, problem) => {
    expect(await inbox.fetch(await add(fields))).toEqual(bad(problem))
  })

  test('due sources are fetched by the worker, each at its interval', async () => {
    remote.put(mail('one'))
    const source = await add({ fetchIntervalMinutes: 30 })
    await using worker = new ImapWorker(t.app)
    await worker.idle()
    expect(await inbox.subjects()).toEqual([])
    t.clock.advance(MINUTE)
    await worker.idle()
    expect(await inbox.subjects()).toEqual(['one'])
    const { nextFetchAt, lastSuccessAt, lease } = await inbox.look(source)
    expect(lease).toBeNull()
    expect(Math.abs(nextFetchAt - lastSuccessAt! - 30 * MINUTE)).toBeLessThanOrEqual(3 * MINUTE)
    remote.put(mail('two'))
    t.clock.advance(20 * MINUTE)
    await worker.idle()
    expect(await inbox.subjects()).toEqual(['one'])
    t.clock.advance(13 * MINUTE)
    await worker.idle()
    expect(await inbox.subjects()).toEqual(['one', 'two'])
  })

  test('a disabled mailbox is left alone, and goes on where it was', async () => {
    remote.put(mail('one'))
    const source = await add()
    const { orgId, id } = inbox.mailbox
    const enable = (enabled: boolean) => t.app.store.run('mailboxes.update', { orgId, id, change: { enabled } })
    await enable(false)
    await expect(inbox.fetch(source)).rejects.toMatchObject({ code: 'disabled' })
    await using worker = new ImapWorker(t.app)
    t.clock.advance(MINUTE)
    await worker.idle()
    expect(await inbox.look(source)).toMatchObject({ lastFetchAt: null, lease: null })
    await enable(true)
    expect(await inbox.fetch(source)).toEqual(good(1))
  })

  test('what two ask for at once is fetched once, and both hear what came', async () => {
    remote.put(mail('one'), mail('two'))
    const source = await add()
    const both = [inbox.fetch(source), inbox.fetch(source)]
    const looking = setInterval(() => t.clock.advance(250), 20)
    expect(await Promise.all(both)).toEqual([good(2), good(2)])
    clearInterval(looking)
    expect(await inbox.subjects()).toEqual(['one', 'two'])
  })
})

/** The next sessions cannot set flags, as in a folder where one may only read. */
function withoutMarks(t: TestApp) {
  const markSeen: (readonly number[])[] = []
  const open = t.app.imap.open.bind(t.app.imap)
  t.app.imap.open = async (login, options) => {
    const session = await open(login, { ...options, writes: false })
    const mark = session.markSeen.bind(session)
    session.markSeen = (uids) => {
      markSeen.push(uids)
      return mark(uids)
    }
    return session
  }
  const restore = () => {
    t.app.imap.open = open
  }
  return { markSeen, restore }
}
