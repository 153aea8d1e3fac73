import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import { routes } from './routes.ts'

// Two pods of one organization, each with one of everything. Whoever is outside finds nothing, whatever the way to it.

let t: TestApp
let here: Furnished
let there: Furnished
let stranger: string
let powerless: string

interface Furnished {
  /** What a path may name, by parameter. */
  owned: Record<string, string>
  podKey: string
  inboxKey: string
}

beforeAll(async () => {
  t = await testApp()
  stranger = await t.organization()
  here = await furnish('here')
  there = await furnish('there')
  powerless = (await t.call('POST', '/v0/api-keys', { body: { permissions: {} } })).body.api_key
})
afterAll(() => t[Symbol.asyncDispose]())

async function furnish(name: string): Promise<Furnished> {
  const call = async (method: string, path: string, body?: object, key = t.key) => {
    const answer = await t.call(method, path, { key, ...(body && { body }) })
    expect(answer.status, `${method} ${path}`).toBeLessThan(300)
    return answer.body
  }
  const { pod_id } = await call('POST', '/v0/pods', { name, client_id: name })
  const { api_key: podKey, api_key_id } = await call('POST', `/v0/pods/${pod_id}/api-keys`, { name })
  const { inbox_id } = await call('POST', '/v0/inboxes', { username: `box-${name}` }, podKey)
  const { api_key: inboxKey } = await call('POST', `/v0/inboxes/${inbox_id}/api-keys`, { name })
  const raw = `From: a@example.com\nMessage-ID: <${name}@example.com>\nSubject: Plan of ${name}\nContent-Type: text/csv\nContent-Disposition: attachment\n\n1,2\n`
  await t.mail(inbox_id, raw)
  const [message] = (await call('GET', `/api/v0/inboxes/${inbox_id}/messages`, undefined, podKey)).data
  await call('POST', '/api/v0/domains', { domain: `${name}.example` }, podKey)
  const hook = { url: `https://${name}.example.com/`, event_types: ['message.sent'] }
  const { webhook_id } = await call('POST', '/api/v0/webhooks', hook, podKey)
  const draft = { to: ['a@example.com'], subject: `Draft of ${name}` }
  const { draft_id } = await call('POST', `/v0/inboxes/${inbox_id}/drafts`, draft, podKey)
  const entry = `evil@${name}.example`
  await call('POST', '/v0/lists/receive/block', { entry }, podKey)
  const owned = {
    ...{ draft_id, direction: 'receive', type: 'block', entry },
    ...{ pod_id, inbox_id, api_key_id, webhook_id, domain_id: `${name}.example` },
    ...{ message_id: `<${name}@example.com>`, thread_id: message.thread_id },
    attachment_id: message.attachments[0].attachment_id,
  }
  return { owned, podKey, inboxKey }
}

const fill = (path: string, { owned }: Furnished) =>
  path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(owned[name] ?? 'unknown'))

const bodies: Record<string, object> = {
  send: { to: ['a@example.com'], text: 'x' },
  reply: { text: 'x' },
  reply_all: { text: 'x' },
  forward: { to: ['a@example.com'] },
  batch_get: { message_ids: ['<there@example.com>'] },
  batch_update: { message_ids: ['<there@example.com>'], add_labels: ['mine'] },
}
const bodyOf = (name: string) =>
  Object.entries(bodies).find(([end]) => name.endsWith(`_${end}`))?.[1] ?? { display_name: 'x', add_labels: ['x'] }
const queryOf = (path: string) => (path.endsWith('/search') ? '?q=plan' : '')

// Refused before anything is looked up: what is wrong with the question, and what a key of one inbox never does.
const SAME = [400, 403]

const all = Object.entries(routes).filter(([, route]) => !route.open)
// A direction and a type are the name of a list that everybody has.
const named = all.filter(([, route]) => /:(?!direction|type)/.test(route.path))
const lists = all.filter(
  ([, route]) => route.method === 'GET' && !/:(?!pod_id|inbox_id|direction|type)/.test(route.path),
)

describe.each(named)('at %s', (name, route) => {
  const ask = (key: string, of: Furnished) =>
    t.call(route.method, `/v0${fill(route.path, of)}${queryOf(route.path)}`, {
      key,
      ...(route.body && { body: bodyOf(name) }),
    })

  test.each(['podKey', 'inboxKey'] as const)('the %s of another pod finds nothing', async (kind) => {
    const { status } = await ask(here[kind], there)
    expect([404, ...SAME]).toContain(status)
    // The same question about nothing at all: nobody learns from the difference.
    const nothing = { ...there, owned: { pod_id: 'pod_none', inbox_id: 'none@posthouse.test' } }
    expect((await ask(here[kind], nothing)).status).toBe(status)
  })

  test('a key of another organization finds nothing', async () => {
    const { status } = await ask(stranger, there)
    expect([404, 400]).toContain(status)
  })

  const shows = route.method === 'GET' && !/:(?!pod_id|inbox_id|message_id|thread_id|attachment_id)/.test(route.path)
  if (shows) {
    test('the key of the organization finds it', async () => {
      expect((await ask(t.key, there)).status).toBe(200)
    })
  }
})

test.each(lists)('%s shows to a key what is in its reach and nothing else', async (_name, route) => {
  const path = `/v0${fill(route.path, here)}${queryOf(route.path)}`
  const { owned } = there
  const outside = [
    owned.pod_id,
    owned.inbox_id,
    owned.thread_id,
    owned.webhook_id,
    owned.api_key_id,
    'Plan of there',
    'Draft of there',
  ]
  for (const key of [here.podKey, here.inboxKey]) {
    const seen = JSON.stringify((await t.call('GET', path, { key })).body)
    for (const text of [...outside, 'there.example']) expect(seen).not.toContain(text)
  }
  const seen = JSON.stringify((await t.call('GET', path, { key: stranger })).body)
  for (const text of outside) expect(seen).not.toContain(text)
})

// What any key may ask, since it is about the key; and what is the same for everybody.
const free = ['organizations_get', 'auth_me', 'agent_verify']
const forAll = /^(providers|accounts|inboxes_authorize|domains_setup)/

test.each(all.filter(([name]) => !free.includes(name) && !forAll.test(name)))(
  'at %s a key that may do nothing is told what it lacks',
  async (name, route) => {
    const path = `/v0${fill(route.path, there)}${queryOf(route.path)}`
    const refused = await t.call(route.method, path, { key: powerless, ...(route.body && { body: bodyOf(name) }) })
    // A body is looked at before what it is for is allowed.
    if (refused.status === 400 && route.body) return
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'missing_permission', fix: expect.stringMatching(/^Use a key with the permission [a-z_]+$/) },
    })
  },
)
