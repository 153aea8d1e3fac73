import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { blobKeyOf, buildMailbox, newOutbound } from '../../../test/support/builders.ts'
import { Failure } from '../errors.ts'
import type { MessageId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Consignment, RecipientReply } from './mail-sender.ts'
import { DeliveryWorker } from './worker.ts'

const direct = { settings: { route: { kind: 'direct' as const } } }

/** Queues one message for these addresses. */
async function queue({ app }: TestApp, mailbox: Mailbox, ...addresses: string[]) {
  const raw = Buffer.from('Subject: x\r\n\r\nx\r\n')
  const outbound = newOutbound(mailbox, {}, { blobKey: blobKeyOf(raw) })
  const recipients = addresses.map((address) => ({ address, domain: address.split('@')[1]! }))
  await app.blobs.put(outbound.message.blobKey, raw)
  await app.store.run('outbound.enqueue', { ...outbound, recipients })
  return outbound.message.id
}

const delivered = ({ recipients }: Consignment): RecipientReply[] =>
  recipients.map((recipient) => ({
    recipient,
    result: 'delivered',
    host: 'mx',
    replyCode: 250,
    enhancedCode: null,
    text: '',
  }))

test('each destination of a message gets its own hand-over, recipients of one domain together', async () => {
  await using t = await testApp(direct)
  const mailbox = await buildMailbox(t.app.store)
  await queue(t, mailbox, 'a@one.test', 'b@two.test', 'c@one.test')
  await t.work()
  const groups = t.handedOver.map((c) => c.recipients.toSorted()).sort()
  expect(groups).toEqual([['a@one.test', 'c@one.test'], ['b@two.test']])
})

test('a destination that does not answer holds its own slots only', async () => {
  await using t = await testApp(direct)
  const mailbox = await buildMailbox(t.app.store)
  const stuck = Promise.withResolvers<void>()
  const quick = Promise.withResolvers<void>()
  const seen: string[] = []
  t.app.sender = {
    async send(_route, consignment) {
      const [to = ''] = consignment.recipients
      seen.push(to)
      if (to.endsWith('@slow.test')) await stuck.promise
      else if (seen.filter((s) => s.endsWith('@quick.test')).length === 100) quick.resolve()
      return delivered(consignment)
    },
  }
  for (let i = 0; i < 100; i++) await queue(t, mailbox, `s${i}@slow.test`)
  for (let i = 0; i < 100; i++) await queue(t, mailbox, `q${i}@quick.test`)
  t.clock.advance(1)
  await using worker = new DeliveryWorker(t.app)
  await quick.promise
  expect(seen.filter((s) => s.endsWith('@slow.test'))).toHaveLength(5)
  stuck.resolve()
  await worker.idle()
  expect(new Set(seen).size).toBe(200)
  expect(seen).toHaveLength(200)
  expect(await t.app.store.read.outbound.depth()).toBe(0)
})

test('what waits too long for a slot goes back to the queue', async () => {
  await using t = await testApp(direct)
  const mailbox = await buildMailbox(t.app.store)
  const stuck = Promise.withResolvers<void>()
  const busy = Promise.withResolvers<void>()
  let calls = 0
  t.app.sender = {
    async send(_route, consignment) {
      if (++calls === 5) busy.resolve()
      await stuck.promise
      return delivered(consignment)
    },
  }
  const ids: MessageId[] = []
  for (let i = 0; i < 8; i++) ids.push(await queue(t, mailbox, `s${i}@slow.test`))
  t.clock.advance(1)
  await using worker = new DeliveryWorker(t.app)
  await busy.promise
  const statuses = async () =>
    (await Promise.all(ids.map((id) => t.app.store.read.outbound.ofMessage(id)))).flat().map((d) => d.status)
  expect((await statuses()).filter((s) => s === 'sending')).toHaveLength(8)
  t.clock.advance(60_002)
  await expect.poll(async () => (await statuses()).filter((s) => s === 'sending').length).toBe(5)
  stuck.resolve()
  await worker.idle()
  expect(await statuses()).toEqual(Array(8).fill('delivered'))
  expect(calls).toBe(8)
})

test('a peer that asks for time gets it', async () => {
  await using t = await testApp(direct)
  const mailbox = await buildMailbox(t.app.store)
  const later = { host: 'mx', replyCode: 421, enhancedCode: '4.7.0', text: 'Later', retryAfterSeconds: 3600 }
  t.answers.set('a@one.test', { result: 'temporary', ...later })
  const id = await queue(t, mailbox, 'a@one.test')
  await t.work()
  const [delivery] = await t.app.store.read.outbound.ofMessage(id)
  expect(delivery?.nextAttemptAt).toBe(t.app.clock.now() + 3_600_000)
})

test('one message to a hundred domains is read from the blobs once', async () => {
  await using t = await testApp(direct)
  const mailbox = await buildMailbox(t.app.store)
  const { blobs } = t.app
  let reads = 0
  t.app.blobs = Object.assign(Object.create(blobs), {
    put: blobs.put.bind(blobs),
    get(key: string) {
      reads++
      return blobs.get(key)
    },
  })
  await queue(t, mailbox, ...Array.from({ length: 60 }, (_, i) => `a@d${i}.test`))
  await t.work()
  expect({ handedOver: t.handedOver.length, reads }).toEqual({ handedOver: 60, reads: 1 })
})

test('what was handed over while the store was away is put on record when it is back, and not handed over again', async () => {
  await using t = await testApp({
    settings: { route: { kind: 'smarthost', host: 'h', port: 25, secure: false, user: null, password: null } },
  })
  const id = await queue(t, await buildMailbox(t.app.store), 'a@one.test')
  const { store } = t.app
  const refusals = Promise.withResolvers<void>()
  let away = 3
  const run: typeof store.run = store.run.bind(store)
  store.run = (name, input) => {
    if (name !== 'outbound.record' || away === 0) return run(name, input)
    if (--away === 0) refusals.resolve()
    return Promise.reject(new Failure('unavailable', 'The store does not answer now'))
  }
  t.clock.advance(1)
  await using worker = new DeliveryWorker(t.app)
  const ticking = setInterval(() => t.clock.advance(1_000), 1)
  await refusals.promise
  await worker.idle()
  clearInterval(ticking)
  expect(t.handedOver).toHaveLength(1)
  const [delivery] = await store.read.outbound.ofMessage(id)
  expect(delivery).toMatchObject({ status: 'sent', attemptCount: 1 })
})

test('a claim is held as long as its attempt takes', async () => {
  await using t = await testApp(direct)
  const id = await queue(t, await buildMailbox(t.app.store), 'a@slow.test')
  const [begun, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  t.app.sender = {
    async send(_route, consignment) {
      begun.resolve()
      await done.promise
      return delivered(consignment)
    },
  }
  t.clock.advance(1)
  await using worker = new DeliveryWorker(t.app)
  await begun.promise
  const claimedUntil = async () => (await t.app.store.read.outbound.ofMessage(id))[0]?.leaseUntil ?? 0
  const first = await claimedUntil()
  t.clock.advance(10_000)
  await expect.poll(claimedUntil).toBe(first + 10_000)
  done.resolve()
  await worker.idle()
  expect(await t.app.store.read.outbound.depth()).toBe(0)
})

test('a claim that could not be renewed in time is not handed over a second time by its own worker', async () => {
  await using t = await testApp(direct)
  await queue(t, await buildMailbox(t.app.store), 'a@slow.test')
  const { store } = t.app
  const run: typeof store.run = store.run.bind(store)
  const renewed = Promise.withResolvers<never>()
  store.run = (name, input) => (name === 'outbound.renew' ? renewed.promise : run(name, input))
  const [begun, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let calls = 0
  t.app.sender = {
    async send(_route, consignment) {
      calls++
      begun.resolve()
      await done.promise
      return delivered(consignment)
    },
  }
  t.clock.advance(1)
  await using worker = new DeliveryWorker(t.app)
  await begun.promise
  for (let i = 0; i < 4; i++) {
    t.clock.advance(30_000)
    await store.ping()
  }
  done.resolve()
  await worker.idle()
  renewed.reject(new Failure('unavailable', 'The store does not answer now'))
  expect({ calls, left: await store.read.outbound.depth() }).toEqual({ calls: 1, left: 0 })
})

test('a shutdown waits for what is under way, then cuts it off', async () => {
  await using t = await testApp(direct)
  const mailbox = await buildMailbox(t.app.store)
  const stuck = Promise.withResolvers<void>()
  const busy = Promise.withResolvers<void>()
  t.app.sender = {
    async send(_route, { recipients }) {
      busy.resolve()
      await stuck.promise
      const lost = { host: 'mx', replyCode: null, enhancedCode: '4.4.2', text: 'We hung up' }
      return recipients.map((recipient) => ({ recipient, result: 'temporary', ...lost }))
    },
    hangUp: () => stuck.resolve(),
  }
  const id = await queue(t, mailbox, 'a@slow.test')
  t.clock.advance(1)
  const worker = new DeliveryWorker(t.app)
  await busy.promise
  const closed = worker[Symbol.asyncDispose]()
  const early = await Promise.race([closed.then(() => true), t.app.store.ping().then(() => false)])
  // Only from here on is the shutdown known to wait on the clock.
  const advanced = () => {
    t.clock.advance(4_000)
    return t.app.store.read.outbound.ofMessage(id)
  }
  await expect.poll(advanced).toMatchObject([{ status: 'queued', attemptCount: 1 }])
  await closed
  expect(early).toBe(false)
})

test('a queue longer than what may be under way drains to its end', async () => {
  await using t = await testApp(direct)
  const mailbox = await buildMailbox(t.app.store)
  let sent = 0
  t.app.sender = {
    async send(_route, consignment) {
      sent++
      await t.app.store.ping()
      return delivered(consignment)
    },
  }
  for (let i = 0; i < 12; i++) {
    await queue(t, mailbox, ...Array.from({ length: 50 }, (_, n) => `a${i}@d${n}-${i % 3}.test`))
  }
  t.clock.advance(1)
  await using worker = new DeliveryWorker(t.app)
  await worker.idle()
  expect({ sent, left: await t.app.store.read.outbound.depth() }).toEqual({ sent: 600, left: 0 })
})
