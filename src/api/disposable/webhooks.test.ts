import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'
import { startReceiver } from '../../../test/support/webhook-receiver.ts'
import { WebhookWorker } from '../../core/webhooks/worker.ts'

test('mail that comes to an inbox is posted to its webhook, signed, and to no other', async () => {
  await using receiver = await startReceiver()
  await using t = await testApp({ allowNet: ['127.0.0.0/8'] })
  const webhookUrl = `${receiver.url}/hook`
  const inbox = (await t.call('POST', '/v1/inboxes', { body: { webhookUrl } })).body
  const other = (await t.call('POST', '/v1/inboxes')).body
  expect((await t.call('GET', `/v1/inboxes/${inbox.id}`)).body).toMatchObject({ webhookUrl })
  expect((await t.call('GET', `/v1/inboxes/${inbox.id}`)).body).not.toHaveProperty('webhookSecret')
  const listed = (await t.call('GET', '/v1/inboxes')).body.items
  expect(listed.map((item: { webhookUrl: string | null }) => item.webhookUrl)).toEqual([null, webhookUrl])
  await using _worker = new WebhookWorker(t.app)
  await t.mail(other.address, 'From: a@example.com\nSubject: Other\n\nx')
  await t.mail(inbox.address, 'From: a@example.com\nSubject: Hi\n\nx')
  await receiver.arrived(1)
  const [request] = receiver.requests
  const [item] = (await t.call('GET', `/v1/messages?inbox=${inbox.id}`)).body.items
  const { uid, domain, inboxId, from, subject, receivedAt } = item
  expect(JSON.parse(request?.body ?? '')).toEqual({
    event: 'message.received',
    data: { uid, domain, inboxId, address: inbox.address, from, subject, receivedAt },
  })
  const [, time = '', signature] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request?.headers['x-inbox-signature'])) ?? []
  expect(createHmac('sha256', inbox.webhookSecret).update(`${time}.${request?.body}`).digest('hex')).toBe(signature)
  expect(request?.headers).toMatchObject({ 'x-inbox-event': 'message.received', 'x-inbox-attempt': '1' })
})
