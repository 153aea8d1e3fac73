import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { authenticateKey, createKey } from '../../core/accounts/keys.ts'
import { narrow } from '../../core/accounts/narrow.ts'
import { createProject } from '../../core/accounts/projects.ts'
import { routes } from './routes.ts'

// Two projects of one organization, each with one of everything. Whoever is confined to the first one finds nothing of the second.

interface Furnished {
  /** What a path may name, by parameter. */
  owned: Record<string, string>
  projectKey: string
  inboxKey: string
}

let t: TestApp
let here: Furnished
let there: Furnished

beforeAll(async () => {
  t = await testApp()
  here = await furnish('here')
  there = await furnish('there')
})
afterAll(() => t[Symbol.asyncDispose]())

async function furnish(name: string): Promise<Furnished> {
  const { project } = await createProject(t.app, await authenticateKey(t.app, t.key), { name })
  const key = async (mailbox?: string) => {
    const caller = await narrow(t.app, await authenticateKey(t.app, t.key), { project: project.id })
    return (await createKey(t.app, caller, { name, ...(mailbox && { mailbox }) })).text
  }
  const projectKey = await key()
  const call = async (method: string, path: string, body?: object) => {
    const answer = await t.call(method, `/api/v0${path}`, { key: projectKey, ...(body && { body }) })
    expect(answer.status, `${method} ${path}`).toBeLessThan(300)
    return answer.body
  }
  const inbox = await call('POST', '/inboxes', { username: `box-${name}` })
  const raw = `From: a@example.com\nMessage-ID: <${name}@example.com>\nSubject: Plan of ${name}\nContent-Type: text/csv\nContent-Disposition: attachment\n\n1,2\n`
  await t.mail(inbox.email_address, raw)
  const [message] = (await call('GET', `/inboxes/${inbox.inbox_id}/messages`)).data
  await call('POST', `/inboxes/${inbox.inbox_id}/messages/send`, { to: 'b@example.com', subject: `From ${name}` })
  await t.work()
  await call('POST', '/domains', { domain: `${name}.example` })
  const hook = { url: `https://${name}.example.com/hook`, event_types: ['message.sent'] }
  const webhook = await call('POST', '/webhooks', hook)
  const { deliveries } = await call('POST', `/webhooks/${webhook.webhook_id}/test`)
  const inboxKey = await key(inbox.email_address)
  const owned = {
    inboxId: inbox.inbox_id,
    messageId: message.message_id,
    attachmentId: message.attachments[0].attachment_id,
    threadId: message.thread_id,
    domainId: `${name}.example`,
    webhookId: webhook.webhook_id,
    deliveryId: deliveries[0].delivery_id,
    keyId: (await call('GET', '/api-keys')).data[0].key_id,
    id: (await call('GET', '/captured')).data[0].id,
  }
  return { owned, projectKey, inboxKey }
}

const fill = (path: string, owned: Record<string, string>) =>
  path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(owned[name] ?? `no ${name}`))

// A body that the owner could send, where the path names something.
const bodies: Record<string, object> = {
  updateInbox: { display_name: 'Mine' },
  sendMessage: { to: 'a@example.com' },
  replyToMessage: { text: 'x' },
  replyAllToMessage: { text: 'x' },
  forwardMessage: { to: 'a@example.com' },
  updateMessage: { labels: ['mine'] },
  updateWebhook: { enabled: false },
}
const queries: Record<string, string> = { waitForMessage: '?timeout=0' }
// Of several inboxes, and so refused to a key of one, whatever they name.
const ofManyInboxes = new Set(['getDomain', 'deleteDomain', 'verifyDomain'])

const named = Object.entries(routes).filter(([, route]) => route.path.includes(':'))
const lists = Object.entries(routes).filter(([, route]) => route.method === 'GET' && !route.path.includes(':'))

describe.each(named)('at %s', (name, route) => {
  const ask = (key: string) => {
    const body = route.body ? { body: bodies[name] ?? expect.fail(`${name} needs a body here`) } : {}
    const path = `/api/v0${fill(route.path, there.owned)}${queries[name] ?? ''}`
    return t.call(route.method, path, { key, ...body })
  }

  test('a key of another project finds nothing', async () => {
    expect((await ask(here.projectKey)).status).toBe(404)
  })

  test('a key of an inbox of another project finds nothing', async () => {
    expect((await ask(here.inboxKey)).status).toBe(ofManyInboxes.has(name) ? 403 : 404)
  })

  if (route.method === 'GET') {
    test('the key of the project and that of the organization find it', async () => {
      expect((await ask(there.projectKey)).status).toBe(200)
      expect((await ask(t.key)).status).toBe(200)
    })
  }
})

test.each(lists)('%s shows to a key what is in its reach and nothing else', async (_name, route) => {
  const ask = async (key: string) => JSON.stringify((await t.call('GET', `/api/v0${route.path}`, { key })).body)
  const outside = [...Object.values(there.owned), 'Plan of there', 'From there', 'box-there']
  for (const key of [here.projectKey, here.inboxKey]) {
    const seen = await ask(key)
    for (const text of outside) expect(seen).not.toContain(text)
  }
})

describe('what names a mailbox or a name in use elsewhere', () => {
  const make = (path: string, body: object, key = here.projectKey) => t.call('POST', `/api/v0${path}`, { key, body })

  test('is not found in the body of a webhook or a key', async () => {
    const hook = { url: 'https://x.example.com/', event_types: ['message.sent'], inbox_ids: [there.owned.inboxId] }
    expect((await make('/webhooks', hook)).status).toBe(404)
    expect((await make('/api-keys', { name: 'x', inbox_id: there.owned.inboxId })).status).toBe(404)
  })

  test('is taken, or a conflict, and no more is told', async () => {
    expect(await make('/domains', { domain: 'there.example' })).toMatchObject({
      status: 409,
      body: { code: 'resource_taken' },
    })
    const box = { username: 'named', client_id: 'shared' }
    expect((await make('/inboxes', box, there.projectKey)).status).toBe(201)
    const twin = await make('/inboxes', box)
    expect(twin).toMatchObject({ status: 409, body: { code: 'conflict' } })
    const elsewhere = await make('/inboxes', { username: 'x', domain: 'there.example' })
    expect(elsewhere).toMatchObject({ status: 400, body: { errors: [{ path: ['domain'] }] } })
  })

  test('a key of a project makes keys of that project only', async () => {
    const { body } = await make('/api-keys', { name: 'child' })
    expect((await t.call('GET', '/api/v0/inboxes', { key: body.key })).body.total).toBe(1)
    const seen = (await t.call('GET', '/api/v0/api-keys', { key: there.projectKey })).body.data
    expect(seen.map((key: { key_id: string }) => key.key_id)).not.toContain(body.key_id)
  })

  test('a webhook of a project is told of that project only', async () => {
    const seen = (await t.call('GET', '/api/v0/webhooks', { key: here.projectKey })).body
    expect(seen.data.map((hook: { url: string }) => hook.url)).toEqual(['https://here.example.com/hook'])
    expect((await t.call('GET', '/api/v0/webhooks')).body.total).toBe(2)
  })
})
