import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Reply, type TestApp, testApp } from '../../../test/support/app.ts'
import { describe as describeDialect } from '../openapi.ts'
import { disposable, routes } from './routes.ts'

interface SeedOperation {
  operationId: string
  security: { bearerAuth: string[] }[]
  parameters?: { name: string; in: string; required: boolean }[]
  requestBody?: {
    content: { 'application/json': { schema: { required: string[]; properties: object; example: object } } }
  }
  responses: Record<string, { description: string }>
}

const file = join(import.meta.dirname, '../../../test/fixtures/seeds/disposable.openapi.json')
const seed = JSON.parse(readFileSync(file, 'utf8')) as { paths: Record<string, Record<string, SeedOperation>> }

// What begins with /v1/sms is the phone side.
const operations = Object.entries(seed.paths)
  .filter(([path]) => !path.startsWith('/v1/sms'))
  .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })))

let t: TestApp
let keys: Record<string, string>
beforeAll(async () => {
  t = await testApp()
  const key = async (scopes: string[]) =>
    (await t.call('POST', '/api/v0/api-keys', { body: { name: 'x', scopes } })).body.key
  keys = {
    read: await key(['read']),
    write: await key(['write']),
    admin: t.key,
  }
})
afterAll(() => t[Symbol.asyncDispose]())

test('the seed has eight operations for mail', () => {
  expect(operations.map((o) => o.operationId).sort()).toEqual([
    'create_inbox',
    'delete_inbox',
    'get_inbox',
    'get_message',
    'list_inboxes',
    'list_messages',
    'send_message',
    'smtp_credentials',
    'wait_for_mail',
  ])
})

test.each(operations)('$operationId is there, with its parameters and its body', ({ path, method, ...wanted }) => {
  const own = describeDialect(t.app, disposable).paths[path.replace(/^\/v1/, '')]?.[method]
  expect(own).toMatchObject({ operationId: wanted.operationId, security: wanted.security })
  const named = own?.parameters.map(({ name, in: place, required }) => ({ name, in: place, required }))
  for (const { name, in: place, required } of wanted.parameters ?? []) {
    expect(named).toContainEqual({ name, in: place, required })
  }
  const schema = wanted.requestBody?.content['application/json'].schema
  const ours = own?.requestBody?.content['application/json']?.schema as typeof schema
  expect(Object.keys(ours?.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(schema?.properties ?? {})))
  expect(ours?.required ?? []).toEqual(schema?.required ?? [])
  expect(Object.keys(own?.responses ?? {})).toContain('200')
})

/** The names that the seed's description of an answer lists: `{ items: [{ id, … }] }`. */
const fieldsOf = (description: string) =>
  [...description.matchAll(/\b([a-zA-Z]+)(?=\s*[,:}\]])/g)]
    .map(([name]) => name)
    .filter((n) => !/^(null|true)$/.test(n))

const scopes = ['read', 'write', 'admin']

/** Calls an operation of the seed on an inbox of its own. */
async function call({ path, method, operationId }: (typeof operations)[number], key: string | null): Promise<Reply> {
  const inbox = (await t.call('POST', '/v1/inboxes')).body
  await t.mail(inbox.address, 'From: a@example.com\nSubject: Code\n\nYour code is 498212')
  const [message] = (await t.call('GET', `/v1/messages?inbox=${inbox.id}`)).body.items
  await t.mail(inbox.address, 'From: a@example.com\nSubject: Again\n\nYour code is 498213')
  const query = operationId === 'get_message' ? `?domain=${message.domain}` : '?timeout=0'
  const body = { from: inbox.address, to: 'someone@example.com', subject: 'Hi', text: 'Test' }
  const url = path.replace('{id}', inbox.id).replace('{uid}', message.uid) + (method === 'get' ? query : '')
  return t.call(method.toUpperCase(), url, { key, ...(operationId === 'send_message' && { body }) })
}

test.each(operations)('$operationId asks for its scope, and answers the fields of the seed', async (operation) => {
  const [wanted = ''] = operation.security[0]?.bearerAuth ?? []
  expect((await call(operation, null)).status).toBe(401)
  expect((await call(operation, 'inb_live_0123456789abcdefghijABCD')).status).toBe(401)
  for (const held of scopes.slice(0, scopes.indexOf(wanted))) {
    const { status, body } = await call(operation, keys[held] ?? null)
    expect([held, status, body.error.code]).toEqual([held, 403, 'insufficient_scope'])
  }
  for (const held of scopes.slice(scopes.indexOf(wanted))) {
    const { status, body } = await call(operation, keys[held] ?? null)
    expect([held, status]).toEqual([held, 200])
    for (const name of fieldsOf(operation.responses['200']?.description ?? '')) {
      expect(JSON.stringify(body)).toContain(`"${name}":`)
    }
  }
})

test('every operation of the seed keeps its name', () => {
  expect(Object.keys(routes)).toEqual(expect.arrayContaining(operations.map((o) => o.operationId)))
})
