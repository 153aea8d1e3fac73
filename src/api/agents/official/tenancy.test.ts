import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import type { Route } from '../../route.ts'
import { routes } from './routes.ts'

// Every route of the dialect, those to come included, against ids that are somebody else's, and without a key.
let t: TestApp
let strangersKey: string
const ids: Record<string, string> = {}

beforeAll(async () => {
  t = await testApp()
  strangersKey = await t.organization()
  const inbox = (await t.call('POST', '/v0/inboxes', { body: { username: 'tenant' } })).body
  const attached = [
    'Message-ID: <m@example.com>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b',
    'Content-Disposition: attachment; filename=f.txt\n\nfile\n--b--\n',
  ]
  await t.mail(inbox.email, `From: ada@example.com\nTo: ${inbox.email}\nSubject: S\n${attached.join('\n')}`)
  const [item] = (await t.call('GET', `/v0/inboxes/${inbox.inbox_id}/messages`)).body.messages
  const hook = { url: 'https://hooks.example/', event_types: ['message.received'] }
  const draft = (await t.call('POST', `/v0/inboxes/${inbox.inbox_id}/drafts`, { body: { subject: 'D' } })).body
  Object.assign(ids, {
    inbox_id: inbox.inbox_id,
    pod_id: inbox.pod_id,
    message_id: item.message_id,
    thread_id: item.thread_id,
    attachment_id: item.attachments[0].attachment_id,
    domain_id: (await t.call('POST', '/v0/domains', { body: { domain: 'tenant.example' } })).body.domain_id,
    webhook_id: (await t.call('POST', '/v0/webhooks', { body: hook })).body.webhook_id,
    draft_id: draft.draft_id,
    api_key_id: (await t.call('POST', '/v0/api-keys', { body: { name: 'of another' } })).body.api_key_id,
  })
})
afterAll(() => t[Symbol.asyncDispose]())

/** What a route takes, so that nothing but the id or the right is wrong. */
const bodies: Record<string, unknown> = {
  webhooks_create: { url: 'https://hooks.example/', event_types: ['message.sent'] },
  webhooks_update: { event_types: ['message.sent'] },
  update_headers: { headers: { 'X-A': '1' } },
  domains_create: { domain: 'another.example' },
  domains_update: { feedback_enabled: true },
  api_keys_create: { name: 'x' },
  api_keys_update: { name: 'x' },
  inboxes_update: { display_name: 'x' },
  messages_send: { to: 'a@example.com' },
  messages_forward: { to: 'a@example.com' },
  messages_batch_get: { message_ids: ['<m@example.com>'] },
  messages_batch_update: { message_ids: ['<m@example.com>'], add_labels: ['x'] },
  lists_create: { entry: 'a@example.com' },
}
const queries: Record<string, string> = { search: '?q=word' }

function ask(name: string, route: Route, key: string) {
  const path = route.path.replace(/:(\w+)/g, (_, id) => encodeURIComponent(ids[id] ?? fixed[id] ?? 'nothing'))
  const [, body] = Object.entries(bodies).find(([end]) => name.endsWith(end)) ?? []
  const [, query = ''] = Object.entries(queries).find(([end]) => name.endsWith(end)) ?? []
  const asks = route.body ? { body: body ?? {} } : {}
  return t.call(route.method, `/v0${path}${query}`, { key, ...asks })
}

const fixed: Record<string, string> = { direction: 'receive', type: 'block', entry: 'a@example.com' }
const all = Object.entries(routes as Record<string, Route>)
const named = all.filter(([, { path }]) => /:(?!direction|type|entry)/.test(path))
describe("another organization's ids are not found", () => {
  test.each(named)('%s', async (name, route) => {
    const answer = await ask(name, route, strangersKey)
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

describe('without a key nobody is let in', () => {
  test.each(all.filter(([name]) => !name.startsWith('agent_')))('%s', async (_name, route) => {
    const path = route.path.replace(/:\w+/g, 'x')
    const answer = await t.call(route.method, `/v0${path}`, { key: null })
    expect(answer).toMatchObject({ status: 401, body: { code: 'missing_authorization' } })
  })
})
