import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { newId } from '../../core/ids.ts'
import { type Kind, printId } from './ids.ts'
import { routes } from './routes.ts'

// A body that each route would take from the owner: a new route with a body fails here until it has one.
const bodies: Record<string, object> = {
  createInbox: { username: 'walls-new' },
  updateInbox: { display_name: 'Mine now' },
  sendMessage: { to: 'a@example.com' },
  replyToMessage: { text: 'x' },
  replyAllToMessage: { text: 'x' },
  forwardMessage: { to: 'a@example.com' },
  updateMessage: { labels: ['mine'] },
  createApiKey: { name: 'walls' },
  createDomain: { domain: 'walls-new.example' },
  createWebhook: { url: 'https://hook.example.com/', event_types: ['message.received'] },
  updateWebhook: { enabled: false },
}

let t: TestApp
let stranger: string
/** What the owner has, by the name of the path parameter: each with every spelling that is accepted. */
let owned: Record<string, string[]>
let secrets: string[]

beforeAll(async () => {
  t = await testApp()
  stranger = await t.organization({ name: 'Strangers' })
  await t.call('POST', '/api/v0/inboxes', { key: stranger, body: { username: 'stranger' } })
  const inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'owner', client_id: 'shared' } })).body
  const path = `/api/v0/inboxes/${inbox.inbox_id}`
  await t.mail(
    inbox.email_address,
    'From: a@example.com\nMessage-ID: <walls@example.com>\nSubject: Secret plan\nContent-Type: text/csv\nContent-Disposition: attachment\n\n1,2\n',
  )
  await t.call('POST', `${path}/messages/send`, { body: { to: 'a@example.com', subject: 'Secret answer' } })
  await t.work()
  const message = (await t.call('GET', `${path}/messages?direction=inbound`)).body.data[0]
  const captured = (await t.call('GET', '/api/v0/captured')).body.data[0]
  const key = (await t.call('GET', '/api/v0/api-keys')).body.data[0]
  await t.call('POST', '/api/v0/domains', { body: { domain: 'walls.example' } })
  const hook = { url: 'https://walls.example.com/hook', event_types: ['message.sent'], client_id: 'shared' }
  const webhook = (await t.call('POST', '/api/v0/webhooks', { body: hook })).body
  const { deliveries } = (await t.call('POST', `/api/v0/webhooks/${webhook.webhook_id}/test`)).body
  owned = {
    inboxId: [inbox.inbox_id, inbox.email_address],
    messageId: [message.message_id, 'walls@example.com'],
    attachmentId: [message.attachments[0].attachment_id],
    threadId: [message.thread_id],
    keyId: [key.key_id],
    webhookId: [webhook.webhook_id],
    deliveryId: [deliveries[0].delivery_id],
    domainId: ['walls.example', 'WALLS.Example.'],
    id: [captured.id],
  }
  secrets = [...Object.values(owned).flat(), 'Secret plan', 'Secret answer', 'owner@']
})
afterAll(() => t[Symbol.asyncDispose]())

const kinds: Record<string, Kind> = {
  inboxId: 'inbox',
  messageId: 'message',
  attachmentId: 'attachment',
  threadId: 'thread',
  keyId: 'key',
  webhookId: 'webhook',
  deliveryId: 'webhookDelivery',
  id: 'captured',
}

/** Every way to write a path with the owner's things in it. */
function pathsOf(pattern: string): string[] {
  const names = [...pattern.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  return names.reduce(
    (paths, name) => {
      const spellings = owned[name]
      if (!spellings) throw new Error(`The tenant walls know no ${name} yet: give the owner one`)
      return paths.flatMap((path) => spellings.map((text) => path.replace(`:${name}`, encodeURIComponent(text))))
    },
    [pattern],
  )
}

function unknownPath(pattern: string): string {
  const unknown = pattern.replace(':domainId', 'nobody.example')
  return unknown.replace(/:(\w+)/g, (_, name: string) => printId(kinds[name] ?? 'inbox', newId()))
}

async function everythingOf(key: string) {
  const lists = [
    'inboxes',
    'api-keys',
    'captured',
    'organizations',
    'domains',
    'webhooks',
    `webhooks/${owned.webhookId?.[0]}/deliveries`,
    'inboxes/owner@posthouse.test/messages',
    'inboxes/owner@posthouse.test/threads',
  ]
  const answers = await Promise.all(lists.map((list) => t.call('GET', `/api/v0/${list}`, { key })))
  const messages = answers[7]?.body.data ?? []
  const full = await Promise.all(
    messages.map((m: { message_id: string }) =>
      t.call('GET', `/api/v0/inboxes/owner@posthouse.test/messages/${m.message_id}`, { key }),
    ),
  )
  return [...answers, ...full].map((a) => a.body)
}

/** What must stand behind the path of a route. */

describe.each(Object.entries(routes))('a stranger at %s', (name, route) => {
  const options = () => {
    if (!route.body) return { key: stranger }
    if (!bodies[name]) throw new Error(`The tenant walls have no body for ${name} yet`)
    return { key: stranger, body: bodies[name] }
  }

  test(
    route.path.includes(':')
      ? 'finds the same nothing as under an unknown id, and changes nothing'
      : 'sees nothing of others',
    async () => {
      await t.call('GET', '/api/v0/inboxes')
      const before = await everythingOf(t.key)
      if (!route.path.includes(':')) {
        const answer = await t.call(route.method, `/api/v0${route.path}`, options())
        expect(answer.status).toBeLessThan(300)
        for (const secret of secrets) expect(JSON.stringify(answer.body)).not.toContain(secret)
      } else {
        const unknown = await t.call(route.method, `/api/v0${unknownPath(route.path)}`, options())
        for (const path of pathsOf(route.path)) {
          const refused = await t.call(route.method, `/api/v0${path}`, options())
          expect(refused.status).toBe(404)
          expect({ ...refused.body, request_id: '' }).toEqual({ ...unknown.body, request_id: '' })
        }
      }
      expect(await everythingOf(t.key)).toEqual(before)
    },
  )
})

test('a stranger with an inbox of its own cannot reach into another through it', async () => {
  for (const inside of Object.values(routes).filter(
    (r) => r.path.startsWith('/inboxes/:inboxId/') && r.path.split(':').length > 2,
  )) {
    for (const path of pathsOf(inside.path)) {
      const own = path.replace(/^\/inboxes\/[^/]+/, '/inboxes/stranger@posthouse.test')
      const body = inside.body && { to: 'a@example.com', labels: [] }
      expect((await t.call(inside.method, `/api/v0${own}`, { key: stranger, ...(body && { body }) })).status).toBe(404)
    }
  }
})

test('ids of others in bodies and filters are not found either', async () => {
  const body = { name: 'x', inbox_id: owned.inboxId?.[0] }
  expect((await t.call('POST', '/api/v0/api-keys', { key: stranger, body })).status).toBe(404)
  const hook = { url: 'https://hook.example.com/', event_types: ['message.sent'] }
  const filter = { inbox_ids: owned.inboxId }
  expect((await t.call('POST', '/api/v0/webhooks', { key: stranger, body: { ...hook, ...filter } })).status).toBe(404)
  const made = await t.call('POST', '/api/v0/webhooks', { key: stranger, body: { ...hook, client_id: 'shared' } })
  expect(made.status).toBe(201)
  const path = `/api/v0/webhooks/${made.body.webhook_id}`
  expect((await t.call('PATCH', path, { key: stranger, body: filter })).status).toBe(404)
  const replay = `${path}/deliveries/${owned.deliveryId?.[0]}/replay`
  expect((await t.call('POST', replay, { key: stranger })).status).toBe(404)
  const own = '/api/v0/inboxes/stranger@posthouse.test'
  const filtered = await t.call('GET', `${own}/messages?thread_id=${owned.threadId?.[0]}`, { key: stranger })
  expect(filtered.body).toMatchObject({ data: [], total: 0 })
  const shared = { username: 'shared-too', client_id: 'shared' }
  expect((await t.call('POST', '/api/v0/inboxes', { key: stranger, body: shared })).status).toBe(201)
})
