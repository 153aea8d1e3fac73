import { beforeAll, describe, expect, test } from 'vitest'
import type { Reach } from '../../src/core/accounts/caller.ts'
import { type MessageId, newId, type ThreadId } from '../../src/core/ids.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Cursor } from '../../src/core/paging.ts'
import type { ThreadFilter } from '../../src/core/threads/store.ts'
import {
  buildMailbox,
  buildOrganization,
  fileMail,
  newMailbox,
  newPart,
  reachInto,
  wholeReach,
} from '../support/builders.ts'
import type { Opened } from './open.ts'

const allHidden = { includeSpam: true, includeBlocked: true, includeTrashed: true }

export function threadsContract(opened: () => Opened): void {
  describe('threads', () => {
    let it: Opened
    let box: Mailbox
    beforeAll(async () => {
      it = opened()
      box = await buildMailbox(it.store)
    })
    const reply = (to: { mail: { messageId: string | null } }, mailbox = box) =>
      fileMail(it.store, mailbox, { inReplyTo: to.mail.messageId, references: [to.mail.messageId ?? ''] })

    test('an answer joins the thread of what it answers', async () => {
      const first = await fileMail(it.store, box)
      it.clock.advance(5)
      const second = await reply(first)
      expect(second.threadId).toBe(first.threadId)
      const thread = await it.store.read.threads.get(box.id, first.threadId)
      expect(thread).toMatchObject({
        messageCount: 2,
        lastMessageId: second.messageId,
        sizeBytes: 2400,
        senders: first.mail.from,
        hidden: false,
      })
      const messages = await it.store.read.messages.ofThread(first.threadId)
      expect(messages.map((m) => m.id)).toEqual([first.messageId, second.messageId])
      expect(thread?.lastAt).toBe(messages[1]?.at)
    })

    test('the nearest of many references decides', async () => {
      const [far, near] = [await fileMail(it.store, box), await fileMail(it.store, box)]
      const unknown = Array.from({ length: 150 }, (_, i) => `<unknown-${i}@x>`)
      const references = [far.mail.messageId!, ...unknown.slice(0, 60), near.mail.messageId!, ...unknown.slice(60, 90)]
      expect((await fileMail(it.store, box, { references })).threadId).toBe(near.threadId)
    })

    test('a thread is seen in its mailbox only', async () => {
      const other = await buildMailbox(it.store)
      const first = await fileMail(it.store, box)
      expect(await it.store.read.threads.get(other.id, first.threadId)).toBeUndefined()
      expect((await reply(first, other)).threadId).not.toBe(first.threadId)
    })

    test('threads are listed by latest activity and filtered', async () => {
      const own = await buildMailbox(it.store)
      const [a, b, c] = [
        await fileMail(it.store, own),
        await fileMail(it.store, own, { subject: 'Zwölf %' }),
        await fileMail(it.store, own),
      ]
      it.clock.advance(10)
      await reply(a, own)
      await it.store.run('messages.label', { mailboxId: own.id, id: b.messageId, change: { labels: ['x', 'y'] } })
      await it.store.run('messages.label', { mailboxId: own.id, id: c.messageId, change: { trashed: true } })
      const ids = async (filter: object, page = {}) => {
        const { items, total } = await it.store.read.threads.list(reachInto(own), filter, { limit: 50, ...page })
        return [total, ...items.map((t) => t.id)]
      }
      expect(await ids({})).toEqual([2, a.threadId, b.threadId])
      expect(await ids({}, { limit: 1, offset: 1 })).toEqual([2, b.threadId])
      expect(await ids({}, { ascending: true })).toEqual([2, b.threadId, a.threadId])
      expect(await ids(allHidden)).toEqual([3, a.threadId, c.threadId, b.threadId])
      expect(await ids({ labels: ['x', 'y'] })).toEqual([1, b.threadId])
      expect(await ids({ labels: ['x', 'z'] })).toEqual([0])
      expect(await ids({ subject: ['ZWÖLF %'] })).toEqual([1, b.threadId])
      expect(await ids({ senders: ['lovelace', 'ADA@'], recipients: ['box@'] })).toEqual([2, a.threadId, b.threadId])
      expect(await ids({ recipients: ['nobody'] })).toEqual([0])
      expect(await ids({ after: it.clock.now() - 5 })).toEqual([1, a.threadId])
      expect(await ids({ before: it.clock.now() - 5 })).toEqual([1, b.threadId])
    })

    test('a labelled thread moves up with its next message', async () => {
      const own = await buildMailbox(it.store)
      const [a, b] = [await fileMail(it.store, own), await fileMail(it.store, own)]
      for (const { messageId } of [a, b]) {
        await it.store.run('messages.label', { mailboxId: own.id, id: messageId, change: { labels: ['x'] } })
      }
      it.clock.advance(10)
      await reply(a, own)
      const { items } = await it.store.read.threads.list(reachInto(own), { labels: ['x'] }, { limit: 9 })
      expect(items.map((t) => t.id)).toEqual([a.threadId, b.threadId])
    })

    test('a deleted message leaves its thread without it, and takes it along as the last one', async () => {
      const own = await buildMailbox(it.store)
      const first = await fileMail(it.store, own)
      const second = await reply(first, own)
      const remove = (id: MessageId) => it.store.run('messages.delete', { mailboxId: own.id, id })
      await remove(second.messageId)
      expect(await it.store.read.messages.get(own.id, second.messageId)).toBeUndefined()
      const shrunk = await it.store.read.threads.get(own.id, first.threadId)
      expect(shrunk).toMatchObject({ messageCount: 1, lastMessageId: first.messageId })
      expect(await it.store.read.mailboxes.get(own.orgId, own.id)).toMatchObject({
        ...{ messageCount: 1, threadCount: 1, sizeBytes: shrunk?.sizeBytes },
      })
      await expect(remove(second.messageId)).rejects.toMatchObject({ code: 'not_found' })
      await remove(first.messageId)
      expect(await it.store.read.threads.get(own.id, first.threadId)).toBeUndefined()
      const emptied = { messageCount: 0, threadCount: 0, sizeBytes: 0 }
      expect(await it.store.read.mailboxes.get(own.orgId, own.id)).toMatchObject(emptied)
    })

    test('a deleted thread is gone with its messages, and its blobs are to go', async () => {
      const own = await buildMailbox(it.store)
      const first = await fileMail(it.store, own)
      const second = await reply(first, own)
      await it.store.run('threads.delete', { orgId: own.orgId, mailboxId: own.id, id: first.threadId })
      expect(await it.store.read.threads.get(own.id, first.threadId)).toBeUndefined()
      expect(await it.store.read.messages.get(own.id, second.messageId)).toBeUndefined()
      expect(await it.store.read.messages.ofThread(first.threadId)).toEqual([])
      expect(await it.store.read.mailboxes.get(own.orgId, own.id)).toMatchObject({
        messageCount: 0,
        threadCount: 0,
        sizeBytes: 0,
      })
      const gone = { orgId: own.orgId, mailboxId: own.id, id: newId<ThreadId>() }
      await expect(it.store.run('threads.delete', gone)).rejects.toMatchObject({ code: 'not_found' })
    })

    test('threads of a project and of an organization are listed by pages that meet', async () => {
      const owner = await buildOrganization(it.store)
      const boxes = [await buildMailbox(it.store, owner), await buildMailbox(it.store, owner)]
      const place = { orgId: owner.organization.id, name: 'elsewhere', clientId: null }
      const elsewhere = (await it.store.run('accounts.create-project', place)).project.id
      boxes.push((await it.store.run('mailboxes.create', newMailbox(owner, { projectId: elsewhere }))).mailbox)
      const filed: ThreadId[] = []
      for (const own of [...boxes, ...boxes]) {
        it.clock.advance(5)
        filed.push((await fileMail(it.store, own)).threadId)
      }
      const org = wholeReach(owner.organization.id)
      const project = { ...org, projectId: owner.project.id }
      const pages = async (reach: Reach, ascending: boolean) => {
        const seen: ThreadId[] = []
        let after: Cursor | undefined
        for (;;) {
          const request = { limit: 2, ascending, uncounted: true, ...(after && { after }) }
          const { items } = await it.store.read.threads.list(reach, {}, request)
          seen.push(...items.map((t) => t.id))
          const last = items.at(-1)
          if (!last) return seen
          after = { at: last.lastAt, id: last.id }
        }
      }
      expect(await pages(org, true)).toEqual(filed)
      expect(await pages(org, false)).toEqual(filed.toReversed())
      expect(await pages(project, true)).toEqual([filed[0], filed[1], filed[3], filed[4]])
      expect(await it.store.read.threads.within(project, filed[2]!)).toBeUndefined()
      expect(await it.store.read.threads.within(org, filed[2]!)).toMatchObject({ id: filed[2] })
      expect((await it.store.read.threads.list(org, {}, { limit: 1 })).total).toBe(6)
      await it.store.run('mailboxes.delete', { orgId: owner.organization.id, id: boxes[0]!.id })
      expect(await pages(project, true)).toEqual([filed[1], filed[4]])
      expect(await it.store.read.threads.within(org, filed[0]!)).toBeUndefined()
    })

    test('threads are found by what is in them', async () => {
      const own = await buildMailbox(it.store)
      const [a, b, c] = [await fileMail(it.store, own), await fileMail(it.store, own), await fileMail(it.store, own)]
      const change = (mail: { messageId: MessageId }, to: object) =>
        it.store.run('messages.label', { mailboxId: own.id, id: mail.messageId, change: to })
      await change(a, { seen: true })
      await change(b, { spam: true })
      await change(c, { trashed: true })
      const ids = async (filter: ThreadFilter) =>
        (await it.store.read.threads.list(reachInto(own), filter, { limit: 9 })).items.map((t) => t.id)
      expect(await ids({ unread: true })).toEqual([])
      expect(await ids({ includeSpam: true })).toEqual([b.threadId, a.threadId])
      expect(await ids({ includeTrashed: true })).toEqual([c.threadId, a.threadId])
      expect(await ids({ includeSpam: true, spam: true })).toEqual([b.threadId])
      expect(await ids({ includeSpam: true, unread: true })).toEqual([b.threadId])
      expect(await ids({ received: true })).toEqual([a.threadId])
      expect(await ids({ sent: true })).toEqual([])
      expect(await ids({ bounced: true })).toEqual([])
    })

    test('the attachments of threads are those of the messages that lists show', async () => {
      const own = await buildMailbox(it.store)
      const first = await fileMail(it.store, own, { attachments: [newPart({ filename: 'one.txt' })] })
      const second = await fileMail(it.store, own, {
        inReplyTo: first.mail.messageId,
        attachments: [newPart({ filename: 'two.txt' })],
      })
      const names = async () => {
        const parts = await it.store.read.threads.parts([first.threadId])
        return parts.get(first.threadId)?.map((part) => part.filename)
      }
      expect(await names()).toEqual(['one.txt', 'two.txt'])
      await it.store.run('messages.label', { mailboxId: own.id, id: second.messageId, change: { spam: true } })
      expect(await names()).toEqual(['one.txt'])
    })

    test('all messages of a thread are labelled at once', async () => {
      const own = await buildMailbox(it.store)
      const first = await fileMail(it.store, own)
      await reply(first, own)
      const input = { mailboxId: own.id, id: first.threadId, addLabels: ['x', 'y'], removeLabels: ['y'] }
      expect((await it.store.run('threads.label', input)).labels).toEqual(['x'])
      const messages = await it.store.read.messages.ofThread(first.threadId)
      expect(messages.map((m) => m.labels)).toEqual([['x'], ['x']])
      for (let n = 2; n < 100; n++) await reply(first, own)
      await expect(it.store.run('threads.label', input)).rejects.toMatchObject({ code: 'unprocessable' })
    })
  })
}
