import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Reply, type TestApp, testApp } from '../../../test/support/app.ts'
import { type ScriptedImap, scriptedImap } from '../../../test/support/scripted-imap.ts'
import { authenticateKey, createKey } from '../../core/accounts/keys.ts'

const BASE = '/api/v1/inbox'
const PASSWORD = 'correct horse battery'
const opened = new AsyncDisposableStack()
let t: TestApp
let server: ScriptedImap
let otherKey: string
let inbox: string
beforeAll(async () => {
  const dns = { 'imap.example.com': { a: ['93.184.216.34'] }, 'inner.example.com': { a: ['10.0.0.1'] } }
  t = opened.use(await testApp({ dns, allowNet: ['127.0.0.0/8'], imap: { cleartext: true } }))
  const mail = (subject: string) => `From: ada@example.com\r\nSubject: ${subject}\r\n\r\nHi\r\n`
  const messages = ['one', 'two'].map((subject, at) => ({ uid: at + 1, raw: mail(subject) }))
  server = opened.use(await scriptedImap({ messages }))
  otherKey = await t.organization()
})
afterAll(() => opened.disposeAsync())
beforeEach(async () => {
  inbox = (await t.call('POST', BASE, { body: { name: 'Invoices' } })).body.id
})

const fields = { host: 'imap.example.com', username: 'in@corp.test', password: PASSWORD }
const call = (method: string, path = '', body?: unknown, key = t.key): Promise<Reply> =>
  t.call(method, `${BASE}/${inbox}/imap${path}`, { key, ...(body === undefined ? {} : { body }) })
const make = async (more: object = {}) => {
  const { status, body } = await call('POST', '', { ...fields, ...more })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}
const here = (more: object = {}) => ({ host: '127.0.0.1', port: server.port, useSsl: false, ...more })
const refused = (status: number, code: string) => ({ status, body: { error: { code, message: expect.any(String) } } })
const invalid = (field: string) => ({
  status: 400,
  body: { error: { code: 'VALIDATION_FAILED', details: { [field]: [expect.any(String)] } } },
})

describe('making a source', () => {
  test('answers all of it but the password', async () => {
    const { status, body } = await call('POST', '', fields)
    expect(status).toBe(201)
    const times = { createdAt: expect.any(String), updatedAt: null, lastFetchAt: null, lastSuccessAt: null }
    expect(body).toEqual({
      ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), inboxId: inbox, host: 'imap.example.com', port: 993 },
      ...{ useSsl: true, username: 'in@corp.test', hasPassword: true, folder: 'INBOX', fetchIntervalMinutes: 5 },
      ...{ afterFetchAction: 'none', ...times, lastError: null, nextFetchAt: expect.any(String) },
    })
  })

  test('takes an id of its maker and an action in any case', async () => {
    const id = randomUUID()
    const source = await make({ id: id.toUpperCase(), afterFetchAction: 'Delete', unknown: 1 })
    expect(source).toMatchObject({ id, afterFetchAction: 'delete' })
    expect(await call('POST', '', { ...fields, id, folder: 'B' })).toMatchObject(refused(409, 'CONFLICT'))
  })

  test('once for each host, user and folder, however these are written', async () => {
    await make()
    const twins = [{}, { host: 'IMAP.example.com.' }, { username: 'IN@corp.test' }, { folder: 'inbox' }, { port: 143 }]
    for (const twin of twins) {
      expect(await call('POST', '', { ...fields, ...twin })).toMatchObject(refused(409, 'CONFLICT'))
    }
    await make({ folder: 'Archive' })
    await make({ folder: 'archive' })
    await make({ username: 'other@corp.test' })
  })

  test.each<[string, object, string]>([
    ['no host', { host: undefined }, 'host'],
    ['a host that is none', { host: 'imap example' }, 'host'],
    ['a host of two lines', { host: 'imap.example.com\r\nA' }, 'host'],
    ['no username', { username: undefined }, 'username'],
    ['a username of two lines', { username: 'a\r\nb' }, 'username'],
    ['no password', { password: undefined }, 'password'],
    ['an empty password', { password: '' }, 'password'],
    ['a number for a password', { password: 5 }, 'password'],
    ['port 0', { port: 0 }, 'port'],
    ['a port in words', { port: '993' }, 'port'],
    ['a long folder', { folder: 'a'.repeat(256) }, 'folder'],
    ['every 0 minutes', { fetchIntervalMinutes: 0 }, 'fetchIntervalMinutes'],
    ['every 1441 minutes', { fetchIntervalMinutes: 1441 }, 'fetchIntervalMinutes'],
    ['another action', { afterFetchAction: 'move' }, 'afterFetchAction'],
    ['yes', { useSsl: 'yes' }, 'useSsl'],
    ['an id that is none', { id: 'x' }, 'id'],
  ])('%s is a 400 that names the field', async (_, given, field) => {
    expect(await call('POST', '', { ...fields, ...given })).toMatchObject(invalid(field))
  })

  test.each([
    ['inner.example.com', 993],
    ['10.1.1.1', 993],
    ['imap.example.com', 22],
    ['::1', 993],
  ])('%s port %d is BLOCKED_HOST', async (host, port) => {
    const reply = await call('POST', '', { ...fields, host, port })
    expect(reply).toMatchObject(refused(400, 'BLOCKED_HOST'))
    expect(JSON.stringify(reply.body)).not.toMatch(/10\.0\.0\.1/)
  })

  test('a wrong field is told before a blocked host, and that before a twin', async () => {
    const bad = { ...fields, host: '10.1.1.1', fetchIntervalMinutes: 0 }
    expect(await call('POST', '', bad)).toMatchObject(invalid('fetchIntervalMinutes'))
  })
})

describe('listing sources', () => {
  test('bare with totals in headers, or with the totals in the body; a page may be empty', async () => {
    const [first, second] = [await make(), await make({ folder: 'B' })]
    const { status, headers, body } = await call('GET')
    expect([status, headers.get('x-total-count')]).toEqual([200, '2'])
    expect(body).toEqual([first, second])
    const totals = { totalCount: 2, page: 2, pageSize: 1, totalPages: 2 }
    expect((await call('GET', '?limit=1&page=2&aggregate=true')).body).toEqual({ items: [second], ...totals })
    expect((await call('GET', '?limit=0')).body).toEqual([])
    expect((await call('GET', '?page=9')).body).toEqual([])
    for (const query of ['?limit=5001', '?limit=-1', '?page=0', '?page=1&offset=0']) {
      expect(await call('GET', query)).toMatchObject(refused(400, 'VALIDATION_FAILED'))
    }
  })

  test('they are counted with their inbox', async () => {
    await make()
    expect((await t.call('GET', `${BASE}/${inbox}`)).body).toMatchObject({ imapSourceCount: 1 })
  })
})

describe('changing a source', () => {
  test('only what is given', async () => {
    const source = await make()
    const changes = { folder: 'Archive', fetchIntervalMinutes: 60, afterFetchAction: 'READ' }
    const { status, body } = await call('PUT', `/${source.id}`, changes)
    expect(status).toBe(200)
    const at = { updatedAt: expect.any(String), nextFetchAt: expect.any(String) }
    expect(body).toEqual({ ...source, ...changes, afterFetchAction: 'read', ...at })
    expect((await call('PUT', `/${source.id}`, {})).status).toBe(200)
  })

  test.each([
    ['another host', { host: '93.184.216.35' }],
    ['another port', { port: 143 }],
    ['another user', { username: 'x' }],
    ['no TLS', { useSsl: false }],
  ])('%s takes the password along', async (_, changes) => {
    const { id } = await make()
    expect(await call('PUT', `/${id}`, changes)).toMatchObject(invalid('password'))
    expect(await call('PUT', `/${id}`, { ...changes, password: 'new' })).toMatchObject({ status: 200, body: changes })
  })

  test.each<[object, string]>([
    [{ password: '' }, 'password'],
    [{ password: null }, 'password'],
    [{ folder: null }, 'folder'],
    [{ port: 70_000, password: 'x' }, 'port'],
    [{ fetchIntervalMinutes: 1.5 }, 'fetchIntervalMinutes'],
  ])('%j is refused', async (changes, field) => {
    const { id } = await make()
    expect(await call('PUT', `/${id}`, changes)).toMatchObject(invalid(field))
  })

  test('not to a blocked host, and not onto a twin', async () => {
    await make()
    const { id } = await make({ folder: 'B' })
    const inner = { host: 'inner.example.com', password: 'x' }
    expect(await call('PUT', `/${id}`, inner)).toMatchObject(refused(400, 'BLOCKED_HOST'))
    expect(await call('PUT', `/${id}`, { folder: 'Inbox' })).toMatchObject(refused(409, 'CONFLICT'))
  })
})

test('ending a source leaves what came through it', async () => {
  const { id } = await make(here())
  await call('POST', `/${id}/fetch`)
  expect(await call('DELETE', `/${id}`)).toMatchObject({ status: 200, body: { id } })
  expect(await call('DELETE', `/${id}`)).toMatchObject(refused(404, 'NOT_FOUND'))
  expect((await t.call('GET', `${BASE}/${inbox}/messages`)).body).toHaveLength(2)
})

describe('fetching', () => {
  test('one source: what came, and which source it came through', async () => {
    const { id } = await make(here())
    const first = { imapConfigId: id, success: true, fetchedCount: 2, ingestedCount: 2, errorMessage: null }
    expect(await call('POST', `/${id}/fetch`)).toMatchObject({ status: 200, body: { results: [first] } })
    const again = { ...first, fetchedCount: 0, ingestedCount: 0 }
    expect((await call('POST', `/${id}/fetch`)).body).toEqual({ results: [again] })
    const [newest] = (await t.call('GET', `${BASE}/${inbox}/messages`)).body
    expect(newest).toMatchObject({ subject: 'two', source: 'imap', imapConfigId: id })
    const [source] = (await call('GET')).body
    expect(source).toMatchObject({ lastError: null, lastFetchAt: source.lastSuccessAt })
  })

  test('all sources: a failing one is a result like the others', async () => {
    const good = await make(here())
    const bad = await make(here({ port: 1, folder: 'B' }))
    const { status, body } = await call('POST', '/fetch')
    expect(status).toBe(200)
    expect(body.results).toEqual([
      { imapConfigId: good.id, success: true, fetchedCount: 2, ingestedCount: 2, errorMessage: null },
      { imapConfigId: bad.id, success: false, fetchedCount: 0, ingestedCount: 0, errorMessage: 'connect_timeout' },
    ])
    expect((await call('GET')).body[1]).toMatchObject({ lastError: 'connect_timeout', lastSuccessAt: null })
  })

  test('what the sender list refuses is fetched and not ingested', async () => {
    await t.call('PUT', `${BASE}/${inbox}`, { body: { allowedFromEmails: 'bob@example.com' } })
    const { id } = await make(here())
    const { results } = (await call('POST', `/${id}/fetch`)).body
    expect(results).toMatchObject([{ success: true, fetchedCount: 2, ingestedCount: 0 }])
    expect((await t.call('GET', `${BASE}/${inbox}/messages`)).body).toEqual([])
  })

  test('an inbox without sources has no results', async () => {
    expect(await call('POST', '/fetch')).toMatchObject({ status: 200, body: { results: [] } })
  })

  test('not into a disabled inbox', async () => {
    const { id } = await make(here())
    await t.call('PUT', `${BASE}/${inbox}`, { body: { enabled: false } })
    for (const path of ['/fetch', `/${id}/fetch`]) {
      expect(await call('POST', path)).toMatchObject(refused(403, 'INBOX_DISABLED'))
    }
  })
})

describe('whose sources these are', () => {
  const everything = (id: string): [method: string, path: string, body?: object][] => [
    ['POST', '', fields],
    ['GET', ''],
    ['PUT', `/${id}`, { folder: 'x' }],
    ['DELETE', `/${id}`],
    ['POST', '/fetch'],
    ['POST', `/${id}/fetch`],
  ]

  test('to another organization, and under an id that is none, there is nothing', async () => {
    const { id } = await make()
    for (const [method, path, body] of everything(id)) {
      expect(await call(method, path, body, otherKey)).toMatchObject(refused(404, 'NOT_FOUND'))
    }
    for (const unknown of ['nothing', randomUUID()]) {
      for (const [method, path, body] of everything(unknown).filter(([, path]) => path.includes(unknown))) {
        expect(await call(method, path, body)).toMatchObject(refused(404, 'NOT_FOUND'))
      }
    }
    expect((await call('GET')).body).toHaveLength(1)
  })

  test('a source of one inbox is in no other', async () => {
    const { id } = await make()
    inbox = (await t.call('POST', BASE, { body: { name: 'Other' } })).body.id
    for (const [method, path, body] of everything(id).filter(([, path]) => path.includes(id))) {
      expect(await call(method, path, body)).toMatchObject(refused(404, 'NOT_FOUND'))
    }
  })

  test('without a key nobody gets in, and a key that only reads lists them', async () => {
    const { id } = await make()
    const owner = await authenticateKey(t.app, t.key)
    const { text: reader } = await createKey(t.app, owner, { name: 'reader', scopes: ['read'] })
    for (const [method, path, body] of everything(id)) {
      expect(await call(method, path, body, 'inai_nothing')).toMatchObject(refused(401, 'UNAUTHORIZED'))
      const allowed = method === 'GET'
      expect(await call(method, path, body, reader)).toMatchObject(
        allowed ? { status: 200 } : refused(403, 'FORBIDDEN'),
      )
    }
  })
})

test('the password is in no answer and in no line of the log', async () => {
  const said: string[] = []
  const note = (...entry: unknown[]) => void said.push(JSON.stringify(entry))
  const { log } = t.app
  t.app.log = { debug: note, info: note, warn: note, error: note }
  const source = await make(here())
  const replies = [
    source,
    (await call('GET')).body,
    (await call('PUT', `/${source.id}`, { password: PASSWORD })).body,
    (await call('PUT', `/${source.id}`, { password: `${PASSWORD}\n` })).body,
    (await call('POST', '', { ...fields, password: [PASSWORD] })).body,
    (await call('POST', `/${source.id}/fetch`)).body,
    (await call('DELETE', `/${source.id}`)).body,
  ]
  t.app.log = log
  expect(said.length).toBeGreaterThan(5)
  expect(JSON.stringify(replies) + said.join()).not.toContain(PASSWORD)
})
