import { AgentMail, AgentMailError } from 'agentmail'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AgentMailBench, startAgentMailBench } from '../support/agentmail.ts'
import { eventually } from '../support/api-client.ts'
import { DnsServer } from '../support/dns-server.ts'
import { publish } from '../support/published.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

let dns: DnsServer
let receiver: Receiver
let bench: AgentMailBench
let client: AgentMailBench['client']

beforeAll(async () => {
  dns = await DnsServer.start({})
  receiver = await startReceiver()
  bench = await startAgentMailBench({ POSTHOUSE_DNS: dns.address, POSTHOUSE_ALLOW_NET: '127.0.0.0/8' })
  client = bench.client
})
afterAll(async () => {
  await bench[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
  await dns[Symbol.asyncDispose]()
})

const refused = async (call: PromiseLike<unknown>) => {
  const error = await Promise.resolve(call).then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(AgentMailError)
  return error as AgentMailError & { body: { code: string } }
}

describe('domains', () => {
  test('are added, published, verified, lived in and deleted', async () => {
    const made = await client.domains.create({ domain: 'Shop.example', trackingEnabled: true })
    expect(made).toMatchObject({
      podId: expect.stringMatching(/^pod_/),
      domainId: 'shop.example',
      domain: 'shop.example',
      status: 'PENDING',
      reason: 'dns_records_missing',
      feedbackEnabled: true,
      subdomainsEnabled: false,
      trackingEnabled: true,
    })
    expect(made.records.map((r) => `${r.type} ${r.name}`)).toEqual(
      expect.arrayContaining(['MX shop.example', 'TXT _dmarc.shop.example', 'CNAME link.shop.example']),
    )
    expect(made.records.every((r) => r.status === 'MISSING')).toBe(true)
    const { domains } = await client.domains.list()
    expect(domains[0]).toEqual(expect.not.objectContaining({ records: expect.anything() }))
    expect(domains[0]).toMatchObject({ domainId: 'shop.example', podId: made.podId })
    expect((await client.pods.domains.list(made.podId!)).domains).toEqual(domains)
    const early = await refused(client.inboxes.create({ domain: 'shop.example' }))
    expect(early).toMatchObject({ statusCode: 403, body: { code: 'domain_not_verified' } })

    const cname = made.records.find((r) => r.type === 'CNAME')!
    const others = made.records.filter((r) => r.type !== 'CNAME').map((r) => ({ ...r, priority: r.priority ?? null }))
    dns.zone = { ...publish(...(others as never[])), [cname.name]: { cname: cname.value } }
    expect(await client.domains.verify('shop.example')).toBeUndefined()
    const verified = await client.domains.get('shop.example')
    expect(verified).toMatchObject({ status: 'VERIFIED' })
    expect(verified).not.toHaveProperty('reason')
    expect(verified.records.find((r) => r.type === 'CNAME')).toMatchObject({ status: 'VALID' })

    const desk = await client.inboxes.create({ username: 'desk', domain: 'shop.example' })
    expect(desk.email).toBe('desk@shop.example')
    const closed = await refused(client.inboxes.create({ domain: 'eu.shop.example' }))
    expect(closed).toMatchObject({ statusCode: 422, body: { code: 'unprocessable' } })
    expect(await refused(client.domains.delete('shop.example'))).toMatchObject({ body: { code: 'cannot_delete' } })
    await client.inboxes.delete(desk.inboxId)
    await client.domains.delete('shop.example')
    expect(await refused(client.domains.get('shop.example'))).toBeInstanceOf(AgentMail.NotFoundError)
  })

  test('with names below them have inboxes there', async () => {
    const made = await client.domains.create({ domain: 'wide.example', subdomainsEnabled: true })
    expect(made.records[1]).toMatchObject({ type: 'MX', name: '*.wide.example', status: 'MISSING' })
    dns.zone = publish(...(made.records as never[]))
    await client.domains.verify('wide.example')
    const desk = await client.inboxes.create({ username: 'desk', domain: 'eu.wide.example' })
    expect(desk.email).toBe('desk@eu.wide.example')
    await bench.mail({ to: desk.email, subject: 'Below' })
    expect((await client.inboxes.messages.list(desk.inboxId)).messages[0]?.subject).toBe('Below')
    const sent = await client.inboxes.messages.send(desk.inboxId, { to: 'x@client.test', text: 'x' })
    const { downloadUrl } = await client.inboxes.messages.getRaw(desk.inboxId, sent.messageId)
    const raw = await (await fetch(bench.server.url + new URL(downloadUrl).pathname)).text()
    expect(raw).toMatch(/DKIM-Signature:[\s\S]*d=wide\.example/)
    expect((await refused(client.domains.delete('wide.example'))).body.code).toBe('cannot_delete')
  })

  test('have a zone file, and no one-click setup', async () => {
    await client.domains.create({ domain: 'zone.example' })
    const file = await client.domains.getZoneFile('zone.example')
    const zone = Buffer.from(await file.arrayBuffer()).toString()
    expect(zone).toMatch(/zone\.example\. +3600 IN MX/)
    expect(await client.domains.getSetupLink('zone.example')).toEqual({ supported: false })
  })

  test('whose mail goes elsewhere are added only by who knows it', async () => {
    dns.zone = { 'busy.example': { mx: ['aspmx.l.google.com'] } }
    const error = await refused(client.domains.create({ domain: 'busy.example' }))
    expect(error).toBeInstanceOf(AgentMail.UnprocessableError)
    const made = await client.domains.create({ domain: 'busy.example', allowConflictingProvider: true })
    expect(made.status).toBe('PENDING')
  })
})

describe('webhooks', () => {
  const eventTypes: AgentMail.EventType[] = ['message.received', 'message.sent', 'message.delivered']

  test('are told what happens, signed, in the shapes of the client', async () => {
    const inbox = await client.inboxes.create({})
    const hook = await client.webhooks.create({
      url: receiver.url,
      eventTypes,
      inboxIds: [inbox.inboxId],
      clientId: 'hook-1',
      headers: { 'X-Trip': 'seven' },
    })
    expect(hook).toEqual({
      webhookId: expect.stringMatching(/^wh_/),
      url: receiver.url,
      eventTypes,
      inboxIds: [inbox.inboxId],
      secret: expect.stringMatching(/^whsec_[0-9a-f]{64}$/),
      enabled: true,
      clientId: 'hook-1',
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    })
    expect(await client.webhooks.get(hook.webhookId)).toEqual(hook)
    expect((await client.webhooks.list()).webhooks).toEqual([hook])
    const again = { url: 'https://other.example/', eventTypes, clientId: 'hook-1' }
    expect(await client.webhooks.create(again)).toEqual(hook)

    // biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
    const told = async (type: string): Promise<any> => {
      const [event] = await eventually(
        async () => receiver.requests.filter((r) => r.headers['x-agentmail-event'] === type),
        (found) => found.length > 0,
      )
      const fields = event?.headers as Record<string, string>
      expect(fields['x-trip']).toBe('seven')
      new Svix(hook.secret).verify(event?.body ?? '', fields)
      return new Standard(hook.secret).verify(event?.body ?? '', fields)
    }
    await bench.mail({ to: inbox.email, subject: 'News', messageId: '<news@client.test>', text: 'Hello' })
    const received = await told('message.received')
    expect(received).toMatchObject({
      type: 'event',
      message: {
        inbox_id: inbox.inboxId,
        message_id: '<news@client.test>',
        labels: ['received', 'unread'],
        text: 'Hello',
      },
      thread: { inbox_id: inbox.inboxId, last_message_id: '<news@client.test>', message_count: 1 },
    })
    expect(JSON.stringify(received)).not.toContain('null')
    const { messageId, threadId } = await client.inboxes.messages.send(inbox.inboxId, { to: inbox.email, text: 'x' })
    expect((await told('message.sent')).send).toEqual({
      inbox_id: inbox.inboxId,
      thread_id: threadId,
      message_id: messageId,
      timestamp: expect.any(String),
      recipients: [inbox.email],
    })
    expect((await told('message.delivered')).delivery).toMatchObject({ message_id: messageId })
  })

  test('are changed and deleted', async () => {
    const [one, two] = [await client.inboxes.create({}), await client.inboxes.create({})]
    const hook = await client.webhooks.create({ url: receiver.url, eventTypes, inboxIds: [one.inboxId] })
    const update = (change: AgentMail.webhooks.UpdateWebhookRequest) => client.webhooks.update(hook.webhookId, change)
    expect(await update({ addInboxIds: [two.inboxId], removeInboxIds: [one.inboxId] })).toMatchObject({
      inboxIds: [two.inboxId],
      eventTypes,
    })
    expect(await update({ eventTypes: [] })).toMatchObject({ eventTypes })
    expect(await update({ eventTypes: ['message.bounced'] })).toMatchObject({ eventTypes: ['message.bounced'] })
    expect(await update({ addPodIds: [one.podId] })).toMatchObject({ podIds: [one.podId] })
    expect(await update({ removePodIds: [one.podId] })).not.toHaveProperty('podIds')
    await client.webhooks.updateHeaders(hook.webhookId, { headers: { 'X-A': '1', 'X-B': '2' } })
    await client.webhooks.updateHeaders(hook.webhookId, { removeHeaders: ['x-a'] })
    expect(await client.webhooks.getHeaders(hook.webhookId)).toEqual({ headerNames: ['X-B'] })
    const both = { headers: { 'X-C': '1' }, removeHeaders: ['x-c'] }
    expect((await refused(client.webhooks.updateHeaders(hook.webhookId, both))).statusCode).toBe(400)
    expect((await refused(client.webhooks.updateHeaders(hook.webhookId, {}))).statusCode).toBe(400)
    await client.webhooks.delete(hook.webhookId)
    expect((await refused(client.webhooks.get(hook.webhookId))).statusCode).toBe(404)
  })

  test('of a pod and of an inbox see nothing else', async () => {
    const inbox = await client.inboxes.create({})
    const inPod = await client.pods.webhooks.create(inbox.podId, { url: receiver.url, eventTypes })
    expect(inPod).toMatchObject({ podIds: [inbox.podId] })
    const inInbox = await client.inboxes.webhooks.create(inbox.inboxId, { url: receiver.url, eventTypes })
    expect(inInbox).toMatchObject({ inboxIds: [inbox.inboxId] })
    const listed = (await client.inboxes.webhooks.list(inbox.inboxId)).webhooks.map((hook) => hook.webhookId)
    expect(listed).toEqual([inInbox.webhookId])
    expect((await client.inboxes.webhooks.get(inbox.inboxId, inInbox.webhookId)).secret).toBe(inInbox.secret)
    expect((await refused(client.inboxes.webhooks.get(inbox.inboxId, inPod.webhookId))).statusCode).toBe(404)
    const change = { eventTypes: ['message.bounced'] as AgentMail.EventType[] }
    expect(await client.pods.webhooks.update(inbox.podId, inPod.webhookId, change)).toMatchObject(change)
    await client.inboxes.webhooks.delete(inbox.inboxId, inInbox.webhookId)
    await client.pods.webhooks.delete(inbox.podId, inPod.webhookId)
  })
})

describe('signing in elsewhere', () => {
  test('is not offered, and says so politely', async () => {
    expect(await client.providers.list()).toMatchObject({ count: 0, limit: 20, providers: [] })
    expect(await client.providers.search({ q: 'calendar' })).toMatchObject({ count: 0, providers: [] })
    expect(await client.accounts.list()).toMatchObject({ count: 0, accounts: [] })
    expect((await refused(client.providers.get('x'))).statusCode).toBe(404)
    expect((await refused(client.accounts.get('x'))).statusCode).toBe(404)
  })
})
