import { expect, test } from 'vitest'
import { type WebhookBench, webhookBench } from '../../../test/support/webhook-bench.ts'
import type { Caller } from '../accounts/caller.ts'
import { authenticateKey, createKey } from '../accounts/keys.ts'
import type { Permission } from '../accounts/model.ts'
import { getWebhookDelivery, listWebhookDeliveries, replayWebhookDelivery, testWebhook } from './deliveries.ts'
import type { Webhook } from './model.ts'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  readWebhookSecrets,
  rotateWebhookSecret,
  updateWebhook,
  updateWebhookHeaders,
} from './webhooks.ts'

const url = 'http://127.0.0.1:1/hook'
const received = { style: 'agents', url, topics: ['message.received'] } as const
const styles = ['agents', 'agents-v0'] as const

/** Every verb over one webhook, by its name. */
function verbs({ app }: WebhookBench, caller: Caller, webhook: Webhook, delivery: { id: never }) {
  const { id } = webhook
  return {
    get: () => getWebhook(app, caller, id),
    update: () => updateWebhook(app, caller, id, { enabled: true }),
    headers: () => updateWebhookHeaders(app, caller, id, { set: { 'X-A': '1' } }),
    rotate: () => rotateWebhookSecret(app, caller, id),
    test: () => testWebhook(app, caller, id),
    log: () => listWebhookDeliveries(app, caller, { webhookId: id }, { limit: 1 }),
    delivery: () => getWebhookDelivery(app, caller, delivery.id),
    replay: () => replayWebhookDelivery(app, caller, delivery.id),
    delete: () => deleteWebhook(app, caller, id),
  }
}

async function codesOf(all: Record<string, () => Promise<unknown>>): Promise<Record<string, string>> {
  const codes: Record<string, string> = {}
  for (const [name, verb] of Object.entries(all)) {
    codes[name] = await verb().then(
      () => 'done',
      (error: { code: string }) => error.code,
    )
  }
  return codes
}

async function delivered(bench: WebhookBench, fields: object = {}) {
  const { webhook } = await bench.webhook(url, fields)
  await bench.mail()
  await bench.worker.idle()
  const [delivery] = await bench.log(webhook)
  return { webhook, delivery: delivery as unknown as { id: never } }
}

test('another organization finds nothing, whatever it tries', async () => {
  await using bench = await webhookBench()
  const { webhook, delivery } = await delivered(bench)
  const stranger = await authenticateKey(bench.app, await bench.test.organization())
  const codes = await codesOf(verbs(bench, stranger, webhook, delivery))
  expect(new Set(Object.values(codes))).toEqual(new Set(['not_found']))
  expect(await listWebhooks(bench.app, stranger, { styles }, { limit: 9 })).toEqual({ items: [], total: 0 })
  const mailboxes = [bench.box.id]
  await expect(createWebhook(bench.app, stranger, { ...received, mailboxes })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('a key without the permission is refused, each verb by its own', async () => {
  await using bench = await webhookBench()
  const { webhook, delivery } = await delivered(bench)
  const only = (...permissions: Permission[]): Caller => ({ ...bench.caller, permissions })
  const reader = await codesOf(verbs(bench, only('webhook_read'), webhook, delivery))
  expect(reader).toEqual({
    ...{ get: 'done', log: 'done', delivery: 'done' },
    ...{ update: 'forbidden', headers: 'forbidden', rotate: 'forbidden', test: 'forbidden', replay: 'forbidden' },
    delete: 'forbidden',
  })
  const updater = await codesOf(verbs(bench, only('webhook_update'), webhook, delivery))
  expect(updater).toMatchObject({ get: 'forbidden', log: 'forbidden', update: 'done', rotate: 'done', replay: 'done' })
  await expect(createWebhook(bench.app, only('webhook_read'), received)).rejects.toMatchObject({ code: 'forbidden' })
  const blind = only('webhook_create', 'webhook_update')
  const topics = ['message.received.spam']
  await expect(createWebhook(bench.app, blind, { ...received, topics })).rejects.toMatchObject({
    ...{ code: 'forbidden', permission: 'label_spam_read' },
  })
  await expect(updateWebhook(bench.app, blind, webhook.id, { topics })).rejects.toMatchObject({ code: 'forbidden' })
})

test('a key of one mailbox makes and sees the webhooks of that mailbox only', async () => {
  await using bench = await webhookBench()
  const { app } = bench
  const { webhook: forAll, delivery } = await delivered(bench, { clientId: 'all' })
  const { text } = await createKey(app, bench.caller, { name: 'one', mailbox: bench.box.address })
  const restricted = await authenticateKey(app, text)
  const { webhook } = await createWebhook(app, restricted, received)
  expect(webhook).toMatchObject({ allMailboxes: false, mailboxIds: [bench.box.id] })
  expect((await listWebhooks(app, restricted, { styles }, { limit: 9 })).items.map((w) => w.id)).toEqual([webhook.id])
  const codes = await codesOf(verbs(bench, restricted, forAll, delivery))
  expect(new Set(Object.values(codes))).toEqual(new Set(['not_found']))
  await expect(createWebhook(app, restricted, { ...received, clientId: 'all' })).rejects.toMatchObject({
    code: 'conflict',
  })
  expect(await updateWebhook(app, restricted, webhook.id, { mailboxes: [] })).toMatchObject({ allMailboxes: false })
})

test('fields that break a rule are refused by name', async () => {
  await using bench = await webhookBench()
  const { mailbox } = { mailbox: bench.box.address }
  const table: [object, string][] = [
    [{ topics: [] }, 'invalid'],
    [{ topics: ['message.eaten'] }, 'invalid'],
    [{ url: 'nowhere' }, 'invalid'],
    [{ url: `${url}?${'a'.repeat(2048)}` }, 'invalid'],
    [{ url: `${url}#part` }, 'url_blocked'],
    [{ url: 'http://user@127.0.0.1/' }, 'url_blocked'],
    [{ url: 'http://10.0.0.1/' }, 'url_blocked'],
    [{ clientId: 'a b' }, 'invalid'],
    [{ mailboxes: Array(101).fill(mailbox) }, 'invalid'],
    [{ mailboxes: ['nobody@posthouse.test'] }, 'not_found'],
    [{ headers: { 'X-A': 'a\r\nX-B: b' } }, 'invalid'],
    [{ headers: { 'X A': 'a' } }, 'invalid'],
    [{ headers: { 'X-A': 'a', 'x-a': 'b' } }, 'invalid'],
    [{ headers: { 'Webhook-Signature': 'v1,forged' } }, 'invalid'],
    [{ headers: { 'Content-Length': '1' } }, 'invalid'],
    [{ headers: { Host: 'elsewhere' } }, 'invalid'],
  ]
  for (const [fields, code] of table) {
    const made = createWebhook(bench.app, bench.caller, { ...received, ...fields })
    await expect(made, JSON.stringify(fields).slice(0, 80)).rejects.toMatchObject({ code })
  }
  const twice = { ...received, topics: ['message.sent', 'message.received', 'message.sent'], mailboxes: [mailbox] }
  const { webhook } = await createWebhook(bench.app, bench.caller, twice)
  expect(webhook).toMatchObject({ topics: ['message.sent', 'message.received'], mailboxIds: [bench.box.id] })
})

test('the secret is answered at the create that made it, and kept sealed', async () => {
  await using bench = await webhookBench()
  const { app, caller } = bench
  const first = await createWebhook(app, caller, { ...received, clientId: 'same' })
  expect(first).toMatchObject({ created: true, secret: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const again = await createWebhook(app, caller, { ...received, clientId: 'same' })
  expect(again).toEqual({ webhook: first.webhook, created: false, secret: null })
  expect(await readWebhookSecrets(app, caller, first.webhook)).toEqual([first.secret])
  const kept = await app.store.read.webhooks.secret(first.webhook.secretOwner)
  expect(JSON.stringify(kept)).not.toContain(first.secret)
  const shared = { ...received, secretOwner: `project:${caller.projectId}`, style: 'automation' as const }
  const [one, two] = [await createWebhook(app, caller, shared), await createWebhook(app, caller, shared)]
  expect(two.secret).toBeNull()
  expect(await readWebhookSecrets(app, caller, two.webhook)).toEqual([one.secret])
})

test('an organization may have fifty webhooks', async () => {
  await using bench = await webhookBench()
  const all = await Promise.allSettled(
    Array.from({ length: 53 }, () => createWebhook(bench.app, bench.caller, received)),
  )
  expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(50)
  expect(all.filter((one) => one.status === 'rejected').map((one) => one.reason.code)).toEqual(
    Array(3).fill('limit_reached'),
  )
})
