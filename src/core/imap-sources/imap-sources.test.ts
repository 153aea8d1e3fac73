import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { type ImapInbox, imapInbox } from '../../../test/support/imap-inbox.ts'
import { scriptedImap } from '../../../test/support/scripted-imap.ts'
import type { Caller } from '../accounts/caller.ts'
import { authenticateKey } from '../accounts/keys.ts'
import { newId, type ProjectId } from '../ids.ts'
import { fetchImapSource, fetchImapSources } from './fetch-now.ts'
import {
  type CreateImapSource,
  createImapSource,
  deleteImapSource,
  listImapSources,
  updateImapSource,
} from './imap-sources.ts'
import type { ImapSource } from './model.ts'
import { openPassword } from './password.ts'
import type { SourceFields } from './rules.ts'
import { ImapWorker } from './worker.ts'

let t: TestApp
let inbox: ImapInbox
let other: Caller
beforeAll(async () => {
  const dns = { 'imap.example.com': { a: ['93.184.216.34'] }, 'imap2.example.com': { a: ['93.184.216.35'] } }
  t = await testApp({ dns, allowNet: ['127.0.0.0/8'], imap: { cleartext: true } })
  other = await authenticateKey(t.app, await t.organization())
})
afterAll(() => t[Symbol.asyncDispose]())
beforeEach(async () => {
  inbox = await imapInbox(t)
})

const fields: CreateImapSource = { host: 'imap.example.com', username: 'ada', password: 'the secret' }
const add = (more: Partial<CreateImapSource> = {}) => inbox.add({ ...fields, ...more })
const change = ({ id }: ImapSource, changes: Partial<SourceFields>, caller = inbox.caller) =>
  updateImapSource(t.app, caller, inbox.mailbox.address, id, changes)

describe('what a source may be', () => {
  test('most of it has a default', async () => {
    expect(await add()).toMatchObject({
      ...{ host: 'imap.example.com', port: 993, useSsl: true, folder: 'INBOX', fetchIntervalMinutes: 5 },
      ...{ afterFetchAction: 'none', mailboxId: inbox.mailbox.id, orgId: inbox.mailbox.orgId },
    })
  })

  test.each<[string, Partial<CreateImapSource>, Partial<ImapSource>]>([
    ['a host in any case', { host: 'IMAP.Example.COM.' }, { host: 'imap.example.com' }],
    ['an address in any spelling', { host: '0x5db8d822' }, { host: '93.184.216.34' }],
    ['an IPv6 address', { host: '2606:2800:21f:cb07::1' }, { host: '2606:2800:21f:cb07::1' }],
    ['INBOX in any case', { folder: 'Inbox' }, { folder: 'INBOX' }],
  ])('%s', async (_, given, kept) => {
    expect(await add(given)).toMatchObject(kept)
  })

  test('an id of its maker in any case, once', async () => {
    const id = newId<ImapSource['id']>()
    expect((await add({ id: id.toUpperCase() })).id).toBe(id)
    await expect(add({ id, folder: 'Archive' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test.each<[string, Partial<Record<keyof CreateImapSource, unknown>>, string]>([
    ['a URL', { host: 'https://imap.example.com' }, 'host'],
    ['a host with a port', { host: 'imap.example.com:993' }, 'host'],
    ['a host with a user', { host: 'a@imap.example.com' }, 'host'],
    ['two lines', { host: 'imap.example.com\r\nx' }, 'host'],
    ['no host', { host: '' }, 'host'],
    ['a long host', { host: `${'a.'.repeat(130)}com` }, 'host'],
    ['port 0', { port: 0 }, 'port'],
    ['port 65536', { port: 65_536 }, 'port'],
    ['half a port', { port: 99.5 }, 'port'],
    ['no user', { username: '' }, 'username'],
    ['a user of two lines', { username: 'ada\r\nA1 LOGOUT' }, 'username'],
    ['a long user', { username: 'a'.repeat(321) }, 'username'],
    ['no password', { password: '' }, 'password'],
    ['a password of two lines', { password: 'a\nb' }, 'password'],
    ['a long password', { password: 'a'.repeat(1025) }, 'password'],
    ['no folder', { folder: '' }, 'folder'],
    ['a folder of two lines', { folder: 'a\r\nb' }, 'folder'],
    ['a long folder', { folder: 'a'.repeat(256) }, 'folder'],
    ['every 0 minutes', { fetchIntervalMinutes: 0 }, 'fetchIntervalMinutes'],
    ['every 2 days', { fetchIntervalMinutes: 2880 }, 'fetchIntervalMinutes'],
    ['another action', { afterFetchAction: 'move' }, 'afterFetchAction'],
    ['an id that is none', { id: 'mine' }, 'id'],
  ])('%s is refused', async (_, given, path) => {
    await expect(add(given as Partial<CreateImapSource>)).rejects.toMatchObject({
      code: 'invalid',
      issues: [{ path: [path] }],
    })
  })
})

describe('whose sources these are', () => {
  test('another organization sees nothing, and changes nothing', async () => {
    const source = await add()
    const { address, id } = inbox.mailbox
    for (const mailbox of [address, id]) {
      const refused = [
        createImapSource(t.app, other, mailbox, fields),
        listImapSources(t.app, other, mailbox, { limit: 10 }),
        updateImapSource(t.app, other, mailbox, source.id, { folder: 'x' }),
        deleteImapSource(t.app, other, mailbox, source.id),
        fetchImapSource(t.app, other, mailbox, source.id),
        fetchImapSources(t.app, other, mailbox),
      ]
      for (const call of refused) await expect(call).rejects.toMatchObject({ code: 'not_found' })
    }
    const elsewhere = await imapInbox(t)
    const foreign = updateImapSource(t.app, inbox.caller, elsewhere.mailbox.address, source.id, {})
    await expect(foreign).rejects.toMatchObject({ code: 'not_found' })
    expect(await inbox.look(source)).toEqual(source)
  })

  test('a key of another project sees nothing', async () => {
    const caller = { ...inbox.caller, projectOnly: true, projectId: newId<ProjectId>() }
    const listing = listImapSources(t.app, caller, inbox.mailbox.id, { limit: 10 })
    await expect(listing).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a key that only reads lists them, and does nothing else', async () => {
    const source = await add()
    const reader: Caller = { ...inbox.caller, scopes: ['read'] }
    const { address } = inbox.mailbox
    expect((await listImapSources(t.app, reader, address, { limit: 10 })).items).toEqual([source])
    for (const call of [
      createImapSource(t.app, reader, address, fields),
      change(source, { folder: 'x' }, reader),
      deleteImapSource(t.app, reader, address, source.id),
      fetchImapSource(t.app, reader, address, source.id),
      fetchImapSources(t.app, reader, address),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'forbidden', permission: 'mailbox_update' })
    }
  })
})

describe('the password', () => {
  test('is kept sealed for its row, and opens in no other', async () => {
    const source = await add()
    const twin = await add({ folder: 'Archive' })
    expect(JSON.stringify(source)).not.toContain('the secret')
    expect(openPassword(t.app, source)).toBe('the secret')
    expect(() => openPassword(t.app, { ...twin, sealedPassword: source.sealedPassword })).toThrow()
    expect(openPassword(t.app, { ...source, keyId: '00000000' })).toBeUndefined()
  })

  test.each<[string, Partial<SourceFields>]>([
    ['another host', { host: 'imap2.example.com' }],
    ['another port', { port: 143 }],
    ['another user', { username: 'bob' }],
    ['no TLS from the first byte on', { useSsl: false }],
  ])('must be given with %s', async (_, changes) => {
    const source = await add()
    await expect(change(source, changes)).rejects.toMatchObject({ code: 'invalid', issues: [{ path: ['password'] }] })
    const changed = await change(source, { ...changes, password: 'new' })
    expect(changed).toMatchObject(changes)
    expect(openPassword(t.app, changed)).toBe('new')
  })

  test('stays with every other change', async () => {
    const source = await add({ useSsl: false })
    const changes = { useSsl: true, folder: 'Archive', fetchIntervalMinutes: 9, afterFetchAction: 'read' } as const
    const changed = await change(source, { ...changes, host: source.host })
    expect(changed).toMatchObject({ ...changes, sealedPassword: source.sealedPassword })
    await expect(change(changed, { password: '' })).rejects.toMatchObject({ code: 'invalid' })
  })

  test('of another master secret is asked for once more', async () => {
    const { sealedPassword } = await add()
    const { orgId, id: mailboxId } = inbox.mailbox
    const place = { host: '127.0.0.1', port: 993, useSsl: true, username: 'bob', folder: 'INBOX' }
    const source = await t.app.store.run('imap-sources.create', {
      ...{ id: newId<ImapSource['id']>(), orgId, mailboxId, ...place, sealedPassword, keyId: '00000000' },
      ...{ fetchIntervalMinutes: 5, afterFetchAction: 'none' },
    })
    expect(await inbox.fetch(source)).toMatchObject({ problem: 'auth' })
  })
})

test('a change is held against what it was made from', async () => {
  const source = await add()
  const twice = [change(source, { folder: 'A' }), change(source, { folder: 'B' })]
  const outcomes = await Promise.allSettled(twice)
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

describe('a worker that stops', () => {
  test('leaves the server at once, and the source to the next one', async () => {
    await using server = await scriptedImap({ answers: { EXAMINE: () => {} } })
    const source = await add({ host: '127.0.0.1', port: server.port, useSsl: false })
    const worker = new ImapWorker(t.app)
    t.clock.advance(60_000)
    await vi.waitFor(() => expect(server.heard.some((line) => line.includes('EXAMINE'))).toBe(true))
    expect((await inbox.look(source)).lease).not.toBeNull()
    await worker[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(server.open()).toBe(0))
    expect(await inbox.look(source)).toMatchObject({ lease: null, lastFetchAt: null, lastError: null, failures: 0 })
    expect((await inbox.look(source)).nextFetchAt).toBe(source.nextFetchAt)
  })
})

test('what is changed while it is fetched brings nothing more in', async () => {
  const messages = [{ uid: 1, raw: 'Subject: one\r\n\r\nHi\r\n' }]
  let goOn = () => {}
  await using server = await scriptedImap({
    messages,
    answers: {
      'UID FETCH': (socket, tag) => {
        const { raw } = messages[0]!
        goOn = () => void socket.write(`* 1 FETCH (UID 1 BODY[] {${raw.length}}\r\n${raw})\r\n${tag} OK done\r\n`)
      },
    },
  })
  const source = await add({ host: '127.0.0.1', port: server.port, useSsl: false })
  const fetching = inbox.fetch(source)
  await vi.waitFor(() => expect(server.heard.some((line) => line.includes('UID FETCH'))).toBe(true))
  await change(source, { folder: 'Archive' })
  goOn()
  expect(await fetching).toEqual({ fetched: 0, ingested: 0, problem: null })
  expect(await inbox.messages()).toEqual([])
  expect((await inbox.look(source)).position).toEqual({ uidValidity: null, lastUid: 0, pending: [] })
})

test('fetching all goes through every source, and one that fails stops no other', async () => {
  await using server = await scriptedImap({ messages: [{ uid: 1, raw: 'Subject: one\r\n\r\nHi\r\n' }] })
  const here = { host: '127.0.0.1', useSsl: false }
  const good = await add({ ...here, port: server.port })
  const bad = await add({ ...here, port: 1, folder: 'B' })
  const more = await Promise.all(
    Array.from({ length: 6 }, (_, i) => add({ ...here, port: server.port, folder: `Folder ${i}` })),
  )
  const reports = await fetchImapSources(t.app, inbox.caller, inbox.mailbox.address)
  const ids = (await listImapSources(t.app, inbox.caller, inbox.mailbox.address, { limit: 10 })).items.map((s) => s.id)
  expect(reports.map(({ sourceId }) => sourceId)).toEqual(ids)
  const byId = new Map(reports.map((report) => [report.sourceId, report]))
  expect(byId.get(good.id)?.problem).toBeNull()
  expect(byId.get(bad.id)).toMatchObject({ fetched: 0, ingested: 0, problem: 'connect_timeout' })
  expect(more.map(({ id }) => byId.get(id)?.fetched)).toEqual(more.map(() => 1))
  expect(await inbox.subjects()).toEqual(['one'])
  expect(await fetchImapSources(t.app, inbox.caller, (await imapInbox(t)).mailbox.address)).toEqual([])
})
