import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'

test('mail to the outside world is captured in the sandbox, listed and readable', async () => {
  await using t = await testApp()
  const inbox = (await t.call('POST', '/api/v0/inboxes', { body: { username: 'sandbox' } })).body
  const path = `/api/v0/inboxes/${inbox.inbox_id}/messages`
  const body = { to: ['a@example.com', inbox.email_address], bcc: 'b@example.org', subject: 'Out', text: 'x' }
  const sent = (await t.call('POST', `${path}/send`, { body })).body
  expect((await t.call('GET', '/api/v0/captured')).body).toEqual({ data: [], total: 0, page: 1, page_size: 20 })
  await t.work()
  const listed = (await t.call('GET', '/api/v0/captured')).body
  const { size } = (await t.call('GET', `${path}/${sent.message_id}`)).body
  expect(listed).toEqual({
    data: [
      {
        id: expect.stringMatching(/^cap_[0-9a-z]{26}$/),
        inbox_id: inbox.inbox_id,
        message_id: sent.message_id,
        mail_from: inbox.email_address,
        recipients: expect.toSatisfy((r: string[]) => r.toSorted().join() === 'a@example.com,b@example.org'),
        subject: 'Out',
        size,
        created_at: expect.stringMatching(/\.\d{3}Z$/),
      },
    ],
    total: 1,
    page: 1,
    page_size: 20,
  })
  const authorization = `Bearer ${t.key}`
  const captured = await t.fetch(`/api/v0/captured/${listed.data[0].id}/raw`, { headers: { authorization } })
  const raw = await t.fetch(`${path}/${sent.message_id}/eml`, { headers: { authorization } })
  expect(captured.headers.get('content-type')).toBe('message/rfc822')
  expect(captured.headers.get('content-disposition')).toMatch(/^attachment; filename="cap_/)
  expect(await captured.text()).toBe(await raw.text())
  expect((await t.call('GET', `${path}/${sent.message_id}`)).body.status).toBe('sent')
  expect((await t.call('GET', '/api/v0/captured/cap_x/raw')).status).toBe(404)
})

test('a smarthost takes what is for the outside, and its answers are on record', async () => {
  const route = { kind: 'smarthost' as const, host: 'relay.test', port: 25, secure: false, user: null, password: null }
  await using t = await testApp({ settings: { route } })
  await t.call('POST', '/api/v0/inboxes', { body: { username: 'relayed' } })
  const path = '/api/v0/inboxes/relayed@posthouse.test/messages'
  const reply = { host: 'relay.test', replyCode: 451, enhancedCode: '4.7.1', text: 'Later' }
  t.answers.set('slow@example.com', { result: 'temporary', ...reply })
  const to = ['quick@example.com', 'slow@example.com']
  const { message_id } = (await t.call('POST', `${path}/send`, { body: { to } })).body
  await t.work()
  expect(t.handedOver.map((c) => c.recipients.toSorted())).toEqual([to])
  const { data } = (await t.call('GET', `${path}/${message_id}/deliveries`)).body
  expect(data).toMatchObject([
    { recipient: 'quick@example.com', status: 'sent', next_attempt_at: null, attempts: [{ code: 250 }] },
    {
      recipient: 'slow@example.com',
      status: 'queued',
      attempts: [{ host: 'relay.test', code: 451, enhanced_code: '4.7.1', text: 'Later' }],
    },
  ])
  expect(Date.parse(data[1].next_attempt_at)).toBeGreaterThan(t.clock.now())
  expect((await t.call('GET', '/api/v0/captured')).body.total).toBe(0)
})
