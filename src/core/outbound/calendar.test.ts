import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { blobKeyOf, buildMailbox, newOutbound } from '../../../test/support/builders.ts'
import { eventsOf, fates, ownerOf, send } from '../../../test/support/outbound.ts'
import { readReport } from '../../protocol/dsn/read-report.ts'
import type { SendDsn } from '../jobs/model.ts'
import { JobWorker } from '../jobs/worker.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { suppress } from '../suppressions/suppressions.ts'
import { DELAY_NOTICE_AFTER_MS, GIVE_UP_AFTER_MS, retryAfterMinutes } from './backoff.ts'
import type { RecipientReply } from './mail-sender.ts'
import { sendDsn } from './send-dsn.ts'
import { DeliveryWorker } from './worker.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const later: Omit<RecipientReply, 'recipient'> = {
  ...{ result: 'temporary', host: 'mx.slow.test', replyCode: 451, enhancedCode: '4.3.2', text: 'Try again later' },
}
const unknown: Omit<RecipientReply, 'recipient'> = {
  ...{ result: 'permanent', host: 'mx.dead.test', replyCode: 550, enhancedCode: '5.1.1', text: 'No such user here' },
}

describe('the calendar of deliveries', () => {
  let it: TestApp
  let box: Mailbox
  beforeAll(async () => {
    it = await testApp({ settings: { route: { kind: 'direct' } } })
  })
  beforeEach(async () => {
    it.handedOver.length = 0
    it.answers.clear()
    box = await buildMailbox(it.app.store)
  })
  afterAll(() => it[Symbol.asyncDispose]())

  /** Lives through this much time, waking whenever something is due, with new workers each time as after a restart. */
  const live = async (ms: number) => {
    const end = it.clock.now() + ms
    while (it.clock.now() < end) {
      const { outbound, jobs } = it.app.store.read
      const due = Math.min((await outbound.nextDue()) ?? end, (await jobs.nextDue()) ?? end, end)
      it.clock.advance(Math.max(0, due - it.clock.now()))
      await it.work()
    }
  }
  const mails = async () => {
    const { items } = await it.app.store.read.messages.list(
      box.id,
      { direction: 'inbound' },
      { limit: 50, ascending: true },
    )
    return items
  }
  const reports = async () => {
    const raws = await Promise.all((await mails()).map((m) => it.app.blobs.get(m.blobKey)))
    return raws.map((raw) => readReport(raw ?? Buffer.alloc(0)))
  }
  const attemptsOf = async (ids: Awaited<ReturnType<typeof send>>) =>
    (await it.app.store.read.outbound.ofMessage(ids.messageId))[0]?.attempts ?? []

  test('over six days: tried for 48 hours by the table, one notice of delay, one report, then silence', async () => {
    it.answers.set('ada@slow.test', later)
    const ids = await send(it, box, 'ada@slow.test')
    const queuedAt = it.clock.now()
    await live(6 * DAY)

    const attempts = await attemptsOf(ids)
    const gaps = attempts.slice(1).map((a, i) => (a.at - (attempts[i]?.at ?? 0)) / MINUTE)
    for (const [i, gap] of gaps.slice(0, -1).entries()) {
      const step = retryAfterMinutes[Math.min(i, retryAfterMinutes.length - 1)] ?? 0
      expect(gap).toBeGreaterThanOrEqual(step * 0.8)
      expect(gap).toBeLessThanOrEqual(step * 1.2 + 0.1)
    }
    expect(attempts.length).toBeGreaterThanOrEqual(17)
    expect(attempts.length).toBeLessThanOrEqual(24)
    const last = attempts.at(-1)?.at ?? 0
    expect(last - queuedAt).toBeGreaterThanOrEqual(GIVE_UP_AFTER_MS)
    expect(last - queuedAt).toBeLessThan(GIVE_UP_AFTER_MS + MINUTE)

    expect(await fates(it, ids)).toEqual(['ada@slow.test failed'])
    const [delay, bounce, ...more] = await reports()
    expect(more).toEqual([])
    expect(delay).toMatchObject({ kind: 'delayed', recipients: [{ address: 'ada@slow.test', status: '4.3.2' }] })
    expect(bounce).toMatchObject({ kind: 'bounce', recipients: [{ address: 'ada@slow.test', action: 'failed' }] })
    const told = (await mails()).map((m) => m.at - queuedAt)
    expect(told[0]).toBeGreaterThanOrEqual(DELAY_NOTICE_AFTER_MS)
    expect(told[0]).toBeLessThan(DELAY_NOTICE_AFTER_MS + 5 * HOUR)
    expect(told[1]).toBeGreaterThanOrEqual(GIVE_UP_AFTER_MS)
    expect(await eventsOf(it, box, 'message.bounced')).toEqual([
      {
        ...{ type: 'message.bounced', bounceType: 'Transient', subType: 'General' },
        recipients: [{ address: 'ada@slow.test', status: '4.4.7' }],
      },
    ])
    await expect(send(it, box, 'ada@slow.test')).resolves.toBeTruthy()
  })

  test('refusals are reported at once and together, with the words of the peer and the head of the mail, in its thread', async () => {
    it.answers.set('ada@dead.test', unknown).set('bo@dead.test', { ...unknown, replyCode: 552, enhancedCode: '5.2.2' })
    it.answers.set('di@gone.test', {
      ...unknown,
      host: null,
      replyCode: null,
      enhancedCode: '5.1.2',
      text: 'No such domain',
    })
    const ids = await send(it, box, 'ada@dead.test', 'bo@dead.test', 'cy@dead.test', 'di@gone.test')
    await live(MINUTE)
    const [report, ...more] = await reports()
    expect(more).toEqual([])
    const sent = await it.app.store.read.messages.get(box.id, ids.messageId)
    expect(report).toMatchObject({ kind: 'bounce', hasReport: true, originalMessageId: sent?.messageId })
    expect(report?.recipients.map((r) => `${r.address} ${r.status} ${r.remoteMta}`).sort()).toEqual([
      'ada@dead.test 5.1.1 mx.dead.test',
      'bo@dead.test 5.2.2 mx.dead.test',
      'di@gone.test 5.1.2 null',
    ])
    expect(report?.originalHeaders).toContain('Subject: Notes')
    const [mail] = await mails()
    expect(mail).toMatchObject({ threadId: ids.threadId, source: 'local' })
    expect(mail?.from[0]?.address).toBe('MAILER-DAEMON@mail.posthouse.test')
    const content = mail && (await it.app.store.read.messages.content(mail.id))
    expect(content?.envelope?.mailFrom).toBe('')
    expect(content?.authentication?.dmarc).toMatchObject({ result: 'pass', domain: 'mail.posthouse.test' })
  })

  test('the recipient’s server saying that nobody is there stops all mail to that address', async () => {
    it.answers.set('ada@dead.test', unknown).set('bo@dead.test', { ...unknown, enhancedCode: '5.7.1', text: 'Spam' })
    await send(it, box, 'ada@dead.test', 'bo@dead.test')
    await it.work()
    await expect(send(it, box, 'ada@dead.test')).rejects.toMatchObject({ code: 'rejected' })
    await expect(send(it, box, 'bo@dead.test')).resolves.toBeTruthy()
  })

  test('a mailbox of ours that is not there is reported and may be made later', async () => {
    await send(it, box, 'nobody@posthouse.test')
    await live(MINUTE)
    expect((await reports())[0]?.recipients).toMatchObject([{ address: 'nobody@posthouse.test', status: '5.1.1' }])
    await expect(send(it, box, 'nobody@posthouse.test')).resolves.toBeTruthy()
  })

  test('mail without a sender is never reported on', async () => {
    it.answers.set('ada@example.com', unknown)
    const raw = Buffer.from('From: x@y.test\r\n\r\nx\r\n')
    const outbound = newOutbound(box, { mailFrom: '' }, { blobKey: blobKeyOf(raw) })
    await it.app.blobs.put(outbound.message.blobKey, raw)
    await it.app.store.run('outbound.enqueue', outbound)
    await live(3 * DAY)
    expect(it.handedOver.map((c) => c.mailFrom)).toEqual([''])
    expect(await mails()).toEqual([])
  })

  test('automatic mail and mail without a sender are never answered', async () => {
    await it.mail(box.address, 'From: a@x.test\nAuto-Submitted: auto-generated\nSubject: x\n\nx\n')
    await it.mail(box.address, 'From: a@x.test\nSubject: y\n\ny\n', { mailFrom: '' })
    await live(HOUR)
    expect((await it.app.store.read.messages.list(box.id, { direction: 'outbound' }, { limit: 1 })).total).toBe(0)
    expect(it.handedOver).toEqual([])
  })

  test('a report survives a crash before it is written, and one right after it is not written twice', async () => {
    it.answers.set('ada@dead.test', unknown)
    const ids = await send(it, box, 'ada@dead.test')
    it.clock.advance(1)
    await using deliveries = new DeliveryWorker(it.app)
    await deliveries.idle()
    expect(await mails()).toEqual([])
    it.clock.advance(3000)
    const [job] = await it.app.store.run('jobs.claim', { leaseMs: 1000, limit: 9 })
    expect(job?.task).toMatchObject({ kind: 'send-dsn', messageId: ids.messageId })
    if (job) await sendDsn(it.app, job, job.task as SendDsn)
    it.clock.advance(2000)
    await using jobs = new JobWorker(it.app)
    await jobs.idle()
    await live(HOUR)
    expect(await mails()).toHaveLength(1)
  })

  test('after a lost last reply the same bytes go out again under the same return path', async () => {
    it.answers.set('ada@slow.test', { ...later, replyCode: null, enhancedCode: null, text: 'Connection lost' })
    const ids = await send(it, box, 'ada@slow.test')
    await it.work()
    it.answers.delete('ada@slow.test')
    await live(HOUR)
    const [first, second, ...more] = it.handedOver
    expect(more).toEqual([])
    expect({ ...second, sevenBit: null }).toEqual({ ...first, sevenBit: null })
    expect(await fates(it, ids)).toEqual(['ada@slow.test sent'])
  })

  test('a peer that asks for patience gets it', async () => {
    it.answers.set('ada@slow.test', { ...later, retryAfterSeconds: 3 * 3600 })
    const ids = await send(it, box, 'ada@slow.test')
    await live(4 * HOUR)
    const [first, second] = await attemptsOf(ids)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(3 * HOUR)
  })

  test('a server that slept through the 48 hours tries once more before it gives up', async () => {
    it.answers.set('ada@slow.test', later)
    const ids = await send(it, box, 'ada@slow.test')
    await it.work()
    it.clock.advance(5 * DAY)
    it.answers.delete('ada@slow.test')
    await it.work()
    expect(await fates(it, ids)).toEqual(['ada@slow.test sent'])
  })

  test('a clock that is set back delays and forgets nothing', async () => {
    it.answers.set('ada@slow.test', later)
    const ids = await send(it, box, 'ada@slow.test')
    await it.work()
    it.answers.delete('ada@slow.test')
    it.clock.advance(-HOUR)
    await it.work()
    expect(await fates(it, ids)).toEqual(['ada@slow.test queued'])
    await live(2 * HOUR)
    expect(await fates(it, ids)).toEqual(['ada@slow.test sent'])
  })

  test('an address that is suppressed meanwhile is not tried again, and the message is rejected', async () => {
    it.answers.set('ada@slow.test', later)
    const ids = await send(it, box, 'ada@slow.test')
    await it.work()
    await suppress(it.app, ownerOf(box), 'Ada@SLOW.test')
    await live(HOUR)
    expect(it.handedOver).toHaveLength(1)
    expect(await fates(it, ids)).toEqual(['ada@slow.test suppressed'])
    expect((await attemptsOf(ids)).at(-1)?.text).toBe('Suppressed: manual')
    expect(await eventsOf(it, box, 'message.rejected')).toEqual([{ type: 'message.rejected', reason: 'suppressed' }])
    expect(await mails()).toEqual([])
  })
})
