import { beforeAll, describe, expect, test } from 'vitest'
import { type CapturedId, type DeliveryId, type JobId, newId, type OrgId } from '../../src/core/ids.ts'
import type { JobTask } from '../../src/core/jobs/model.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Captured, Delivery } from '../../src/core/outbound/model.ts'
import type { DeliveryOutcome } from '../../src/core/outbound/store.ts'
import { buildMailbox, newOutbound, wholeReach } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function outboundContract(opened: () => Opened): void {
  describe('outbound', () => {
    let it: Opened
    let box: Mailbox
    beforeAll(async () => {
      it = opened()
      box = await buildMailbox(it.store)
      await drain()
    })

    const claim = (limit = 100, leaseMs = 1000) => it.store.run('outbound.claim', { leaseMs, limit })
    const drain = async () => {
      for (const d of await claim(1000)) await record(d, { status: 'cancelled', nextAttemptAt: null, attempt: null })
    }
    const enqueue = async (mailbox = box, addresses = ['ada@example.com']) => {
      const recipients = addresses.map((address) => ({ address, domain: address.slice(address.indexOf('@') + 1) }))
      const outbound = newOutbound(mailbox, { recipients })
      await it.store.run('outbound.enqueue', outbound)
      return outbound.message
    }
    const record = (d: Delivery, outcome: Omit<DeliveryOutcome, 'id'>, captured: Captured | null = null) =>
      it.store.run('outbound.record', {
        mailboxId: d.mailboxId,
        messageId: d.messageId,
        outcomes: [{ id: d.id, ...outcome }],
        captured,
      })
    const attempt = (text: string) => ({ at: 5, host: 'mx.test', replyCode: 451, enhancedCode: '4.3.0', text })
    const capture = (message: { id: Captured['messageId']; blobKey: string }, createdAt = 1): Captured => ({
      id: newId<CapturedId>(),
      orgId: box.orgId,
      mailboxId: box.id,
      messageId: message.id,
      mailFrom: box.address,
      recipients: ['ada@example.com'],
      subject: 'Re: Notes on the engine',
      sizeBytes: 10,
      blobKey: message.blobKey,
      createdAt,
    })

    test('deliveries stand in the order of the recipients', async () => {
      const message = await enqueue(box, ['c@example.com', 'a@example.com', 'b@example.com'])
      const deliveries = await it.store.read.outbound.ofMessage(message.id)
      expect(deliveries.map((d) => d.recipient)).toEqual(['c@example.com', 'a@example.com', 'b@example.com'])
      expect(deliveries[0]).toMatchObject({
        status: 'queued',
        mailFrom: box.address,
        blobKey: message.blobKey,
        nextAttemptAt: it.clock.now(),
        attempts: [],
      })
      await drain()
    })

    test('twenty workers at once never get the same delivery', async () => {
      for (let i = 0; i < 15; i++)
        await enqueue(
          box,
          Array.from({ length: 4 }, (_, n) => `r${n}@example.com`),
        )
      const claimed = await Promise.all(Array.from({ length: 20 }, () => claim(5)))
      const more = await claim(1000)
      const ids = [...claimed.flat(), ...more].map((d) => d.id)
      expect(new Set(ids).size).toBe(60)
      expect(ids).toHaveLength(60)
      await it.store.run('outbound.release', { ids })
      await drain()
    })

    test('a claimed delivery is nobody else’s until its lease ends', async () => {
      await enqueue()
      const [first] = await claim(10, 1000)
      expect(first).toMatchObject({ status: 'sending', leaseUntil: it.clock.now() + 1000 })
      expect(await claim()).toEqual([])
      expect(await it.store.read.outbound.nextDue()).toBe(it.clock.now() + 1000)
      it.clock.advance(1000)
      expect((await claim()).map((d) => d.id)).toEqual([first?.id])
      it.clock.advance(1000)
      await drain()
    })

    test('a lease that is renewed goes on, and only whoever takes over the dead asks for those that ran out', async () => {
      await enqueue()
      const [first] = await claim(10, 1000)
      it.clock.advance(900)
      await it.store.run('outbound.renew', { ids: [first!.id], leaseMs: 1000 })
      it.clock.advance(900)
      expect(await claim()).toEqual([])
      it.clock.advance(100)
      expect(await it.store.run('outbound.claim', { leaseMs: 1000, limit: 10, queuedOnly: true })).toEqual([])
      expect((await claim()).map((d) => d.id)).toEqual([first?.id])
      await it.store.run('outbound.release-all', {})
      expect(await it.store.run('outbound.claim', { leaseMs: 1000, limit: 10, queuedOnly: true })).toHaveLength(1)
      it.clock.advance(1000)
      await drain()
    })

    test('what is said twice about an attempt is on record once', async () => {
      const other = await buildMailbox(it.store)
      const message = await enqueue(other)
      const [first] = await claim()
      const outcome = { status: 'captured' as const, nextAttemptAt: null, attempt: attempt('kept') }
      const captured = { ...capture(message), orgId: other.orgId, mailboxId: other.id }
      await record(first!, outcome, captured)
      await record(first!, outcome, captured)
      expect(await it.store.read.outbound.captured(wholeReach(other.orgId), { limit: 9 })).toMatchObject({ total: 1 })
      expect((await it.store.read.outbound.ofMessage(message.id))[0]).toMatchObject({ attemptCount: 1 })
      const later = await enqueue(other)
      const events = async () => (await it.store.read.events.after(0, 100_000)).filter((e) => e.mailboxId === other.id)
      await expect.poll(async () => (await events()).at(-1)?.messageId).toBe(later.id)
      expect((await events()).map((e) => e.type)).toEqual([
        'mailbox.created',
        'message.queued',
        'message.sent',
        'message.queued',
      ])
      await drain()
    })

    test('a released delivery is due again at once', async () => {
      await enqueue()
      const [first] = await claim()
      await it.store.run('outbound.release', { ids: [first!.id] })
      expect((await it.store.read.outbound.ofMessage(first!.messageId))[0]).toMatchObject({
        status: 'queued',
        leaseUntil: null,
      })
      expect((await claim()).map((d) => d.id)).toEqual([first?.id])
      await it.store.run('outbound.release', { ids: [first!.id] })
      await drain()
    })

    test('what was tried is on record, oldest first, and the next try waits for its time', async () => {
      const message = await enqueue()
      const [first] = await claim()
      await record(first!, { status: 'queued', nextAttemptAt: it.clock.now() + 500, attempt: attempt('later') })
      expect(await claim()).toEqual([])
      expect(await it.store.read.outbound.nextDue()).toBe(it.clock.now() + 500)
      expect(await it.store.read.outbound.depth()).toBe(1)
      it.clock.advance(500)
      const [again] = await claim()
      expect(again?.attempts).toEqual([attempt('later')])
      await record(again!, { status: 'delivered', nextAttemptAt: null, attempt: attempt('ok') })
      const [done] = await it.store.read.outbound.ofMessage(message.id)
      expect(done).toMatchObject({ status: 'delivered', attemptCount: 2, nextAttemptAt: null, leaseUntil: null })
      expect(done?.attempts.map((a) => a.text)).toEqual(['later', 'ok'])
      expect((await it.store.read.messages.get(box.id, message.id))?.status).toBe('delivered')
      expect(await it.store.read.outbound.nextDue()).toBeUndefined()
      expect(await it.store.read.outbound.depth()).toBe(0)
    })

    test('domains that are busy are left out, and stand in nobody’s way', async () => {
      await enqueue(box, ['a@slow.test', 'b@slow.test', 'c@stuck.test'])
      it.clock.advance(1)
      await enqueue(box, ['d@quick.test'])
      const except = ['slow.test', 'stuck.test'].map((domain) => ({ domain, orgId: null }))
      const claimed = await it.store.run('outbound.claim', { leaseMs: 1000, limit: 1, except })
      expect(claimed.map((d) => d.recipient)).toEqual(['d@quick.test'])
      expect(await it.store.read.outbound.nextDue(except)).toBe(it.clock.now() + 1000)
      expect(await it.store.read.outbound.nextDue()).toBe(it.clock.now() - 1)
      await it.store.run('outbound.release', { ids: claimed.map((d) => d.id) })
      await drain()
    })

    test('where the own way of an organization is busy, only its mail is left out', async () => {
      await enqueue(box, ['a@slow.test', 'b@quick.test'])
      const claimWithout = async (orgId: OrgId) => {
        const except = [{ domain: 'slow.test', orgId }]
        expect(await it.store.read.outbound.nextDue(except)).toBe(it.clock.now())
        const claimed = await it.store.run('outbound.claim', { leaseMs: 1000, limit: 10, except })
        await it.store.run('outbound.release', { ids: claimed.map((d) => d.id) })
        return claimed.map((d) => d.recipient)
      }
      expect(await claimWithout(box.orgId)).toEqual(['b@quick.test'])
      expect(await claimWithout(newId<OrgId>())).toEqual(['a@slow.test', 'b@quick.test'])
      await drain()
    })

    test('the oldest due come first', async () => {
      const [a, b] = [await enqueue(), await enqueue()]
      const claimed = await claim()
      const of = (m: { id: string }) => claimed.find((d) => d.messageId === m.id)!
      await record(of(a), { status: 'queued', nextAttemptAt: it.clock.now() + 20, attempt: null })
      await record(of(b), { status: 'queued', nextAttemptAt: it.clock.now() + 10, attempt: null })
      it.clock.advance(30)
      expect((await claim()).map((d) => d.messageId)).toEqual([b.id, a.id])
      it.clock.advance(1000)
      await drain()
    })

    test('a cancelled delivery is not revived by the worker that held it, but a yes of the peer counts', async () => {
      const doomed = await buildMailbox(it.store)
      const [a, b] = [await enqueue(doomed), await enqueue(doomed)]
      const claimed = await claim()
      await it.store.run('mailboxes.delete', { orgId: doomed.orgId, id: doomed.id })
      const of = (m: { id: string }) => claimed.find((d) => d.messageId === m.id)!
      await record(of(a), { status: 'queued', nextAttemptAt: it.clock.now(), attempt: attempt('later') })
      await record(of(b), { status: 'delivered', nextAttemptAt: null, attempt: attempt('ok') })
      const status = async (m: typeof a) => (await it.store.read.outbound.ofMessage(m.id))[0]?.status
      expect([await status(a), await status(b)]).toEqual(['cancelled', 'delivered'])
      expect(await claim()).toEqual([])
    })

    test('captured mails are listed newest first, of the organization or one mailbox', async () => {
      const sent = [await enqueue(), await enqueue()]
      const captured = sent.map((m, i) => capture(m, i))
      for (const d of await claim()) {
        const one = captured.find((c) => c.messageId === d.messageId)!
        await record(d, { status: 'captured', nextAttemptAt: null, attempt: null }, one)
      }
      const { outbound } = it.store.read
      expect(await outbound.captured(wholeReach(box.orgId), { limit: 9 })).toEqual({
        items: captured.toReversed(),
        total: 2,
      })
      expect(await outbound.captured({ ...wholeReach(box.orgId), mailboxId: box.id }, { limit: 1 })).toEqual({
        items: [captured[1]],
        total: 2,
      })
      expect(await outbound.capturedById(wholeReach(box.orgId), captured[0]!.id)).toEqual(captured[0])
      expect(await outbound.capturedById(wholeReach(newId<OrgId>()), captured[0]!.id)).toBeUndefined()
      expect(await outbound.captured(wholeReach(newId<OrgId>()), { limit: 9 })).toEqual({ items: [], total: 0 })
    })

    test('the bytes of a captured mail outlive its message', async () => {
      const message = await enqueue()
      const [d] = await claim()
      await record(d!, { status: 'captured', nextAttemptAt: null, attempt: null }, capture(message))
      expect(await it.write((tx) => tx.messages.delete([message.id]))).toEqual([])
      expect((await it.store.read.outbound.captured(wholeReach(box.orgId), { limit: 1 })).items).toBeDefined()
    })

    test('one delivery is found by its id, with its attempts', async () => {
      await enqueue()
      const [first] = await claim()
      await record(first!, { status: 'queued', nextAttemptAt: it.clock.now() + 10, attempt: attempt('later') })
      const found = await it.store.read.outbound.get(first!.id)
      expect(found).toMatchObject({ id: first!.id, status: 'queued', attempts: [attempt('later')], delayToldAt: null })
      expect(await it.store.read.outbound.get(newId<DeliveryId>())).toBeUndefined()
      it.clock.advance(10)
      await drain()
    })

    test('the queue shows what waits, soonest due first', async () => {
      const [a, b] = [await enqueue(), await enqueue()]
      const claimed = await claim()
      const of = (m: { id: string }) => claimed.find((d) => d.messageId === m.id)!
      await record(of(a), { status: 'queued', nextAttemptAt: it.clock.now() + 20, attempt: null })
      await record(of(b), { status: 'queued', nextAttemptAt: it.clock.now() + 10, attempt: null })
      const { items, total } = await it.store.read.outbound.queue({ limit: 9 })
      expect([total, ...items.map((d) => d.messageId)]).toEqual([2, b.id, a.id])
      const [soonest] = (await it.store.read.outbound.queue({ limit: 1, offset: 1 })).items
      expect(soonest?.messageId).toBe(a.id)
      it.clock.advance(20)
      await drain()
    })

    test('hurried deliveries are due at once; those that are claimed or done are left alone', async () => {
      const [a, b] = [await enqueue(), await enqueue()]
      const claimed = await claim()
      const of = (m: { id: string }) => claimed.find((d) => d.messageId === m.id)!
      await record(of(a), { status: 'queued', nextAttemptAt: it.clock.now() + 500, attempt: null })
      expect(await it.store.run('outbound.hurry', { ids: [of(a).id, of(b).id] })).toBe(1)
      expect((await claim()).map((d) => d.messageId)).toEqual([a.id])
      it.clock.advance(1000)
      await drain()
    })

    test('a cancelled delivery waits no more, on record why', async () => {
      await enqueue()
      const [first] = await claim()
      await it.store.run('outbound.release', { ids: [first!.id] })
      const cancelled = await it.store.run('outbound.cancel', { id: first!.id })
      expect(cancelled).toMatchObject({ status: 'cancelled', nextAttemptAt: null, attemptCount: 1 })
      expect(await claim()).toEqual([])
      await expect(it.store.run('outbound.cancel', { id: first!.id })).rejects.toMatchObject({ code: 'conflict' })
    })

    test('the sender is told of a delay once, and of a failure, by jobs of the same commit', async () => {
      await enqueue()
      const [first] = await claim()
      const describeNotice = (task: JobTask) =>
        task.kind !== 'send-dsn' ? [] : task.action === 'failed' ? 'failed' : `delayed ${task.deliveryIds}`
      const jobs = async () => {
        const claimedJobs = await it.store.run('jobs.claim', { leaseMs: 1000, limit: 100 })
        for (const job of claimedJobs) await it.store.run('jobs.done', { id: job.id })
        return claimedJobs.flatMap((j) => describeNotice(j.task))
      }
      await jobs()
      const again = { status: 'queued' as const, nextAttemptAt: it.clock.now(), attempt: attempt('later') }
      await record(first!, again)
      expect(await jobs()).toEqual([])
      it.clock.advance(5 * 3_600_000)
      await claim()
      await record(first!, again)
      await claim()
      await record(first!, again)
      expect(await jobs()).toEqual([`delayed ${first!.id}`])
      await claim()
      await record(first!, { status: 'failed', nextAttemptAt: null, attempt: attempt('never') })
      it.clock.advance(3000)
      expect(await jobs()).toEqual(['failed'])
    })

    test('the first job that reports a failure takes all that no other has taken', async () => {
      const { id } = await enqueue(box, ['a@example.com', 'b@example.com', 'c@example.com'])
      const [a, b, c] = await claim()
      const fail = (d: Delivery | undefined) =>
        record(d!, { status: 'failed', nextAttemptAt: null, attempt: attempt('never') })
      const take = async (jobId: JobId) =>
        (await it.store.run('outbound.take-failures', { jobId, messageId: id })).map((d) => d.id).sort()
      await fail(a)
      await fail(b)
      const [first, second] = [newId<JobId>(), newId<JobId>()]
      expect(await take(first)).toEqual([a!.id, b!.id].sort())
      expect(await take(second)).toEqual([])
      await fail(c)
      expect(await take(first)).toEqual([a!.id, b!.id].sort())
      expect(await take(second)).toEqual([c!.id])
    })

    test('a report of the return path fails the delivery and suppresses the address', async () => {
      const sender = await buildMailbox(it.store)
      await enqueue(sender, ['dead@example.com'])
      const [first] = await claim()
      await record(first!, { status: 'sent', nextAttemptAt: null, attempt: attempt('ok') })
      const said = {
        ...{ address: 'Dead@example.com', alias: null, originalRecipient: null, action: 'failed', status: '5.1.1' },
        ...{ pseudoStatus: false, replyCode: '550', reason: 'user_unknown' as const, hard: true },
        ...{ diagnostic: '550 no such user', remoteMta: 'mx.example.com' },
      }
      const news = { mailboxId: sender.id, kind: 'bounce' as const, recipients: [said] }
      const proof = { by: 'return-path' as const, deliveryId: first!.id }
      await it.store.run('outbound.report', { ...news, mailboxId: box.id, proof })
      expect((await it.store.read.outbound.get(first!.id))?.status).toBe('sent')
      await it.store.run('outbound.report', { ...news, proof })
      expect((await it.store.read.outbound.get(first!.id))?.status).toBe('failed')
      expect(await it.store.read.suppressions.list(sender.orgId, { limit: 9 })).toMatchObject({
        items: [{ address: 'dead@example.com', reason: 'hard_bounce', deliveryId: first!.id }],
      })
    })

    test('deliveries that end at the same moment agree on the status of their message', async () => {
      await using other = await it.openAnother()
      for (let i = 0; i < 5; i++) {
        const message = await enqueue(box, ['a@example.com', 'b@example.com'])
        const [a, b] = await claim()
        const done = (d: Delivery | undefined) => ({
          ...{ mailboxId: box.id, messageId: message.id, captured: null },
          outcomes: [{ id: d!.id, status: 'delivered' as const, nextAttemptAt: null, attempt: attempt('ok') }],
        })
        await Promise.all([it.store.run('outbound.record', done(a)), other.run('outbound.record', done(b))])
        expect((await it.store.read.messages.get(box.id, message.id))?.status).toBe('delivered')
      }
    })
  })
}
