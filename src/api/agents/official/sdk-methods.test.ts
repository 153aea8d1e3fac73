import type { AgentMailClient } from 'agentmail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentmail, refusalOf } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

/** Sign-in with an agent's identity: no mail. What they answer is in `reach.test.ts`. */
const NOT_OURS = [/^providers\./, /^accounts\./, /^inboxes\.authorize$/, /^fetch$/]
/** These have tests of their own: `agent.test.ts`, `socket/socket.test.ts`. */
const ELSEWHERE = [/^agent\./, /^websockets\.connect$/]

const GONE = { status: 404, code: 'not_found' }

let t: TestApp
let client: AgentMailClient
let pod: string
let inbox: string
let serial = 0
const called = new Set<string>()

beforeAll(async () => {
  t = await testApp()
  client = agentmail(t)
  pod = (await ask('pods.create', { name: 'Desk', clientId: 'desk' })).podId
  inbox = (await ask('pods.inboxes.create', pod, { username: 'desk' })).inboxId
})
afterAll(() => t[Symbol.asyncDispose]())

/** Calls a method of the client by its name, and keeps in mind that it was called. */
// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
function ask(name: string, ...args: unknown[]): Promise<any> {
  called.add(name)
  t.clock.advance(1)
  const path = name.split('.')
  const method = path.pop() ?? ''
  const resource = path.reduce((at, part) => Reflect.get(at, part) as object, client as object)
  return Reflect.apply(Reflect.get(resource, method), resource, args)
}

/** Every method of a client and of the resources below it. */
function methodsOf(resource: object, path: string[] = []): string[] {
  const found: string[] = []
  for (let type = Object.getPrototypeOf(resource); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
      if (name === 'constructor' || name.startsWith('_')) continue
      if (get) found.push(...methodsOf(get.call(resource), [...path, name]))
      else if (typeof value === 'function') found.push([...path, name].join('.'))
    }
  }
  return [...new Set(found)]
}

/** A received mail with a file. */
async function receive(): Promise<{ messageId: string; threadId: string }> {
  const head = `From: ada@client.test\nTo: ${inbox}\nSubject: Plan ${++serial}\nContent-Type: multipart/mixed; boundary=b`
  const file = '--b\nContent-Type: text/csv; name=a.csv\nContent-Disposition: attachment\n\na,b\n--b--\n'
  await t.mail(inbox, `${head}\n\n--b\n\nShall we?\n${file}`)
  return (await ask('inboxes.messages.list', inbox, { limit: 1 })).messages[0]
}

const scopes = ['', 'pods.', 'inboxes.'] as const
type Scope = (typeof scopes)[number]
const within = (scope: Scope) => (scope === '' ? [] : scope === 'pods.' ? [pod] : [inbox])

describe.each(scopes)('in the scope %j', (scope) => {
  const at = (method: string, ...args: unknown[]) => ask(scope + method, ...within(scope), ...args)

  test('threads are found, read, labelled and deleted', async () => {
    const { threadId } = await receive()
    const [first] = (await at('threads.list', { limit: 1 })).threads
    expect(first.threadId).toBe(threadId)
    await t.app.search.caughtUp()
    expect((await at('threads.search', { q: first.subject })).threads[0].threadId).toBe(threadId)
    const { messages } = await at('threads.get', threadId)
    const file = await at('threads.getAttachment', threadId, messages[0].attachments[0].attachmentId)
    expect(file.filename).toBe('a.csv')
    expect((await at('threads.update', threadId, { addLabels: ['plan'] })).labels).toContain('plan')
    expect(await at('threads.delete', threadId)).toBeUndefined()
    expect(await refusalOf(at('threads.get', threadId))).toEqual(GONE)
  })

  test('drafts are listed and read', async () => {
    const attachments = [{ filename: 'b.txt', content: 'Yg==' }]
    const { draftId } = await ask('inboxes.drafts.create', inbox, { to: ['a@b.test'], text: 'x', attachments })
    const [first] = (await at('drafts.list', { limit: 1 })).drafts
    expect(first.draftId).toBe(draftId)
    const draft = await at('drafts.get', draftId)
    expect((await at('drafts.getAttachment', draftId, draft.attachments[0].attachmentId)).filename).toBe('b.txt')
  })

  test('list entries come and go', async () => {
    const entry = 'spammer@client.test'
    await at('lists.create', 'receive', 'block', { entry, reason: 'spam' })
    expect((await at('lists.list', 'receive', 'block')).entries).toHaveLength(1)
    expect(await at('lists.get', 'receive', 'block', entry)).toMatchObject({ entry, reason: 'spam' })
    expect(await at('lists.delete', 'receive', 'block', entry)).toBeUndefined()
    expect(await refusalOf(at('lists.get', 'receive', 'block', entry))).toEqual(GONE)
  })

  test('webhooks are made, changed and deleted', async () => {
    const made = await at('webhooks.create', { url: 'https://hooks.test/', eventTypes: ['message.opened'] })
    const { webhookId } = made
    expect((await at('webhooks.list')).webhooks[0]).toEqual(made)
    expect(await at('webhooks.update', webhookId, { eventTypes: ['message.sent'] })).toMatchObject({
      eventTypes: ['message.sent'],
    })
    expect(await at('webhooks.updateHeaders', webhookId, { headers: { 'X-Our': 'one' } })).toBeUndefined()
    expect(await at('webhooks.getHeaders', webhookId)).toEqual({ headerNames: ['X-Our'] })
    expect(await at('webhooks.delete', webhookId)).toBeUndefined()
    expect(await refusalOf(at('webhooks.get', webhookId))).toEqual(GONE)
  })

  test('keys are made, changed and deleted', async () => {
    const { apiKeyId } = await at('apiKeys.create', { name: 'one' })
    expect((await at('apiKeys.list')).apiKeys.map((key: { name: string }) => key.name)).toContain('one')
    expect(await at('apiKeys.update', apiKeyId, { name: 'two' })).toMatchObject({ name: 'two' })
    if (scope === '') expect(await at('apiKeys.get', apiKeyId)).toMatchObject({ name: 'two' })
    expect(await at('apiKeys.delete', apiKeyId)).toBeUndefined()
    expect(await refusalOf(at('apiKeys.update', apiKeyId, { name: 'three' }))).toEqual(GONE)
  })

  test('what happened is counted', async () => {
    await receive()
    await t.work()
    expect((await at('metrics.queryEvents'))['message.received'].length).toBeGreaterThan(0)
    expect((await at('metrics.queryUsage')).message_count.at(-1).value).toBeGreaterThan(0)
  })
})

describe.each(['', 'pods.'] as const)('in the scope %j', (scope) => {
  const at = (method: string, ...args: unknown[]) => ask(scope + method, ...within(scope), ...args)

  test('inboxes are made, found, changed and deleted', async () => {
    const username = `shelf-${++serial}`
    const made = await at('inboxes.create', { username, displayName: 'Shelf' })
    expect(made.inboxId).toBe(`${username}@posthouse.test`)
    expect((await at('inboxes.list')).inboxes[0]).toEqual(made)
    expect((await at('inboxes.search', { q: username })).inboxes[0]).toEqual(made)
    await at('inboxes.update', made.inboxId, { displayName: 'Board', metadata: { row: 1 } })
    expect(await at('inboxes.get', made.inboxId)).toMatchObject({ displayName: 'Board', metadata: { row: 1 } })
    expect(await at('inboxes.delete', made.inboxId)).toBeUndefined()
    expect(await refusalOf(at('inboxes.get', made.inboxId))).toEqual(GONE)
  })

  test('domains are made, checked, changed and deleted', async () => {
    const domain = `d${++serial}.example`
    await at('domains.create', { domain })
    expect((await at('domains.list')).domains[0].domain).toBe(domain)
    expect(await at('domains.verify', domain)).toBeUndefined()
    expect((await at('domains.getZoneFile', domain)).arrayBuffer).toBeDefined()
    if (scope === '') expect(await at('domains.getSetupLink', domain)).toEqual({ supported: false })
    expect(await at('domains.update', domain, { trackingEnabled: true })).toMatchObject({ trackingEnabled: true })
    expect(await at('domains.get', domain)).toMatchObject({ status: 'PENDING' })
    expect(await at('domains.delete', domain)).toBeUndefined()
    expect(await refusalOf(at('domains.get', domain))).toEqual(GONE)
  })
})

test('messages are sent, answered, read, labelled and deleted', async () => {
  const at = (method: string, ...args: unknown[]) => ask(`inboxes.messages.${method}`, inbox, ...args)
  const { messageId } = await receive()
  const to = 'ada@client.test'
  const { messageId: sent } = await at('send', { to, subject: 'One', text: 'x' })
  for (const method of ['reply', 'replyAll', 'forward']) {
    const body = method === 'forward' ? { to, text: 'x' } : { text: 'x' }
    expect((await at(method, messageId, body)).messageId).toMatch(/^<.+>$/)
  }
  const { attachments } = await at('get', messageId)
  expect((await at('getAttachment', messageId, attachments[0].attachmentId)).filename).toBe('a.csv')
  expect((await at('getRaw', messageId)).messageId).toBe(messageId)
  expect((await at('update', messageId, { addLabels: ['seen'] })).labels).toContain('seen')
  expect((await at('batchGet', { messageIds: [messageId, sent] })).count).toBe(2)
  expect((await at('batchUpdate', { messageIds: [sent], addLabels: ['ours'] })).count).toBe(1)
  expect((await ask('inboxes.events.list', inbox)).events[0]).toMatchObject({ label: 'ours', messageId: sent })
  await t.app.search.caughtUp()
  expect((await at('search', { q: 'shall' })).count).toBeGreaterThan(0)
  expect(await at('delete', messageId)).toBeUndefined()
  expect(await refusalOf(at('get', messageId))).toEqual(GONE)
})

test('drafts are changed, sent and deleted', async () => {
  const at = (method: string, ...args: unknown[]) => ask(`inboxes.drafts.${method}`, inbox, ...args)
  const [one, two] = [await at('create', { to: ['a@b.test'], text: 'x' }), await at('create', { text: 'x' })]
  expect(await at('update', one.draftId, { subject: 'Two' })).toMatchObject({ subject: 'Two' })
  expect((await at('send', one.draftId, {})).messageId).toMatch(/^<.+>$/)
  expect(await at('delete', two.draftId)).toBeUndefined()
  expect(await refusalOf(at('get', two.draftId))).toEqual(GONE)
})

test('pods, the organization and the key tell of themselves', async () => {
  expect((await ask('pods.list')).pods[0].podId).toBe(pod)
  expect(await ask('pods.get', 'desk')).toMatchObject({ podId: pod, name: 'Desk' })
  expect((await ask('organizations.get')).inboxCount).toBe(1)
  expect((await ask('auth.me')).scopeType).toBe('organization')
  const { podId } = await ask('pods.create', {})
  expect(await ask('pods.delete', podId)).toBeUndefined()
})

test('that was every method of the client that concerns us', () => {
  const ours = methodsOf(client).filter((name) => ![...NOT_OURS, ...ELSEWHERE].some((rule) => rule.test(name)))
  expect(ours.length).toBeGreaterThan(120)
  expect(ours.filter((name) => !called.has(name))).toEqual([])
})
