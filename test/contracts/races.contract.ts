import { beforeAll, describe, expect, test } from 'vitest'
import type { Message } from '../../src/core/messages/model.ts'
import { buildMailbox, fileMail, newOutbound } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function racesContract(opened: () => Opened): void {
  describe('changes at the same moment', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })

    test('different changes of one message are all kept', async () => {
      const box = await buildMailbox(it.store)
      for (let round = 0; round < 5; round++) {
        const { messageId } = await fileMail(it.store, box)
        const change: Partial<Message> = { seen: true, flagged: true, handled: true, labels: ['a'], spam: true }
        const label = (one: object) => it.store.run('messages.label', { mailboxId: box.id, id: messageId, change: one })
        await Promise.all(Object.entries(change).map(([name, value]) => label({ [name]: value })))
        expect(await it.store.read.messages.get(box.id, messageId)).toMatchObject(change)
      }
      expect(await it.store.read.mailboxes.get(box.orgId, box.id)).toMatchObject({ messageCount: 0, threadCount: 0 })
    })

    test('a thread that grows while its messages are changed has all of them', async () => {
      const box = await buildMailbox(it.store)
      const first = await fileMail(it.store, box)
      const work = Array.from({ length: 10 }, (_, i) => [
        fileMail(it.store, box, { inReplyTo: first.mail.messageId }),
        it.store.run('messages.label', { mailboxId: box.id, id: first.messageId, change: { labels: [`l${i}`] } }),
      ])
      await Promise.all(work.flat())
      const thread = await it.store.read.threads.get(box.id, first.threadId)
      const messages = await it.store.read.messages.ofThread(first.threadId)
      expect(messages).toHaveLength(11)
      expect(thread).toMatchObject({
        messageCount: 11,
        lastMessageId: messages.at(-1)?.id,
        labels: messages[0]?.labels,
      })
    })

    test('answers for the recipients of one message add up to its status', async () => {
      const box = await buildMailbox(it.store)
      for (let round = 0; round < 5; round++) {
        const recipients = Array.from({ length: 6 }, (_, i) => ({ address: `r${i}@x.test`, domain: 'x.test' }))
        const { messageId } = await it.store.run('outbound.enqueue', newOutbound(box, { recipients }))
        const claimed = await it.store.run('outbound.claim', { leaseMs: 1000, limit: 1000 })
        const record = (id: (typeof claimed)[number]['id']) => {
          const outcomes = [{ id, status: 'delivered' as const, nextAttemptAt: null, attempt: null }]
          return it.store.run('outbound.record', { mailboxId: box.id, messageId, outcomes, captured: null })
        }
        await Promise.all(claimed.filter((d) => d.messageId === messageId).map((d) => record(d.id)))
        expect((await it.store.read.messages.get(box.id, messageId))?.status).toBe('delivered')
      }
    })

    test('different changes of one mailbox are both kept', async () => {
      for (let round = 0; round < 5; round++) {
        const box = await buildMailbox(it.store)
        const update = (change: object) => it.store.run('mailboxes.update', { orgId: box.orgId, id: box.id, change })
        await Promise.all([update({ displayName: 'New' }), update({ enabled: false })])
        expect(await it.store.read.mailboxes.get(box.orgId, box.id)).toMatchObject({
          displayName: 'New',
          enabled: false,
        })
      }
    })

    test('mail that comes while its thread is deleted is not lost', async () => {
      const box = await buildMailbox(it.store)
      for (let round = 0; round < 5; round++) {
        const first = await fileMail(it.store, box)
        const remove = { orgId: box.orgId, mailboxId: box.id, id: first.threadId }
        const replies = Array.from({ length: 3 }, () => fileMail(it.store, box, { inReplyTo: first.mail.messageId }))
        await Promise.all([...replies, it.store.run('threads.delete', remove)])
        const { items, total } = await it.store.read.messages.list(box.id, {}, { limit: 100 })
        expect(items).toHaveLength(total)
        for (const m of items) expect(await it.store.read.threads.get(box.id, m.threadId)).toBeDefined()
      }
    })
  })
}
