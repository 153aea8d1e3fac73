import { beforeAll, describe, expect, test } from 'vitest'
import type { MailboxId, MessageId } from '../../src/core/ids.ts'
import { openPolicy } from '../../src/core/mailboxes/model.ts'
import { buildMailbox, buildOrganization, fileMail, newMailbox, type Owner, readMail } from '../support/builders.ts'
import type { Opened } from './open.ts'

const DAY_MS = 86_400_000

export function handlingContract(opened: () => Opened): void {
  describe('handling', () => {
    let it: Opened
    let owner: Owner
    beforeAll(async () => {
      it = opened()
      owner = await buildOrganization(it.store)
    })

    const fill = async (count: number, fields: Parameters<typeof buildMailbox>[2] = {}) => {
      const box = await buildMailbox(it.store, owner, fields)
      const ids: MessageId[] = []
      for (let i = 0; i < count; i++) {
        it.clock.advance(1)
        ids.push((await fileMail(it.store, box)).messageId)
      }
      return { box, ids }
    }

    const first = (box: { id: MailboxId; orgId: Owner['organization']['id'] }, limit: number) =>
      it.store.run('messages.handle-first', { orgId: box.orgId, mailboxId: box.id, limit })

    test('twenty who take at once are never given the same message, and take them all', async () => {
      const { box, ids } = await fill(30)
      const taken = await Promise.all(Array.from({ length: 20 }, () => first(box, 2)))
      const given = taken.flat().map(({ message }) => message.id)
      expect(given).toHaveLength(30)
      expect(new Set(given)).toEqual(new Set(ids))
      expect(taken.every((one) => one.length <= 2)).toBe(true)
      expect(await first(box, 2)).toEqual([])
    })

    test('mail that comes while it is taken is taken once too', async () => {
      const { box } = await fill(5)
      const [filed, taken] = await Promise.all([
        Promise.all(Array.from({ length: 10 }, () => fileMail(it.store, box))),
        Promise.all(Array.from({ length: 20 }, () => first(box, 1))),
      ])
      const given = [...taken.flat(), ...(await first(box, 100))].map(({ message }) => message.id)
      expect(new Set(given).size).toBe(15)
      expect(given).toHaveLength(15)
      expect(filed.every(({ messageId }) => given.includes(messageId))).toBe(true)
    })

    test('the oldest come first, with their bodies, and are told in the log', async () => {
      const { box, ids } = await fill(3)
      const before = await it.store.read.events.position()
      it.clock.advance(5)
      const [one, two] = await first(box, 2)
      expect([one?.message.id, two?.message.id]).toEqual(ids.slice(0, 2))
      expect(one).toMatchObject({ message: { handled: true, handledAt: it.clock.now() } })
      expect(one?.content).toEqual(await it.store.read.messages.content(ids[0]!))
      expect(await it.store.read.messages.get(box.id, ids[0]!)).toEqual(one?.message)
      const told = async () => {
        const events = await it.store.read.events.after(before, 50, box.orgId)
        const handled = events.filter(({ mailboxId, type }) => mailboxId === box.id && type === 'message.handled')
        return handled.map(({ type, messageId }) => [type, messageId])
      }
      await expect.poll(told).toEqual([
        ['message.handled', ids[0]],
        ['message.handled', ids[1]],
      ])
    })

    test('what is named is handled once and keeps its time, until it is given back', async () => {
      const { box, ids } = await fill(2)
      const handle = (handled: boolean) =>
        it.store.run('messages.handle', { orgId: box.orgId, mailboxId: box.id, ids: [ids[1]!, ids[0]!], handled })
      const [one] = await handle(true)
      it.clock.advance(10)
      const again = await handle(true)
      expect(again.map(({ message }) => message.id)).toEqual([ids[1], ids[0]])
      expect(again[0]?.message.handledAt).toBe(one?.message.handledAt)
      expect((await handle(false)).every(({ message }) => message.handledAt === null && !message.handled)).toBe(true)
      const other = await buildMailbox(it.store, owner)
      const foreign = { orgId: other.orgId, mailboxId: other.id, ids, handled: true }
      expect(await it.store.run('messages.handle', foreign)).toEqual([])
    })

    test('handling and labelling at once are both kept', async () => {
      for (let round = 0; round < 5; round++) {
        const { box, ids } = await fill(1)
        await Promise.all([
          first(box, 1),
          it.store.run('messages.label', { mailboxId: box.id, id: ids[0]!, change: { seen: true, labels: ['x'] } }),
        ])
        expect(await it.store.read.messages.get(box.id, ids[0]!)).toMatchObject({
          handled: true,
          handledAt: expect.any(Number),
          seen: true,
          labels: ['x'],
        })
      }
    })

    test('counts of several mailboxes come at once', async () => {
      const [a, b, c] = [await fill(3), await fill(1), await fill(0)]
      await first(a.box, 2)
      const tally = await it.store.read.messages.tally([a.box.id, b.box.id, c.box.id], it.clock.now())
      expect(tally).toEqual(
        new Map([
          [a.box.id, { messages: 3, unhandled: 1 }],
          [b.box.id, { messages: 1, unhandled: 1 }],
        ]),
      )
      expect(await it.store.read.messages.tally([], 1)).toEqual(new Map())
    })

    test('a mailbox with mail that waits is not deleted, and a mail meanwhile is either counted or finds nothing', async () => {
      for (let round = 0; round < 8; round++) {
        const { box } = await fill(0)
        const input = { mail: readMail(), copies: [{ mailbox: box, rcptTo: [box.address] }], host: 'h' }
        const [deleted, [filed]] = await Promise.all([
          it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id, unlessUnhandled: true }).then(
            () => true,
            (error) => error.code !== 'in_use',
          ),
          it.store.run('messages.file', input),
        ])
        expect(filed?.result).toBe(deleted ? 'gone' : 'stored')
        expect((await it.store.read.mailboxes.get(box.orgId, box.id)) === undefined).toBe(deleted)
      }
    })

    test('a selector is never given out again', async () => {
      const make = () => {
        const { localPart, ...rest } = newMailbox(owner)
        return it.store.run('mailboxes.create-hook', {
          mailbox: { ...rest, localPart },
          selector: 'abcd1234',
          webhook: null,
        })
      }
      const all = await Promise.allSettled([make(), make(), make()])
      const made = all.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
      expect(made).toHaveLength(1)
      await it.store.run('mailboxes.delete', { orgId: made[0]!.orgId, id: made[0]!.id })
      await expect(make()).rejects.toMatchObject({ code: 'taken' })
    })

    test('an id is given once over the server', async () => {
      const box = await buildMailbox(it.store, owner)
      const other = await buildOrganization(it.store)
      const twice = it.store.run('mailboxes.create', newMailbox(other, { id: box.id }))
      await expect(twice).rejects.toMatchObject({ code: 'conflict' })
      expect((await it.store.read.accounts.usage(other.organization.id)).mailboxes).toBe(0)
    })

    test('what a policy does not let in leaves a note and nothing else', async () => {
      const policy = { ...openPolicy, allowedSenders: ['friend@example.com'] }
      const { box } = await fill(0, { policy })
      const copies = [{ mailbox: box, rcptTo: [box.address] }]
      const filed = await it.store.run('messages.file', { mail: readMail(), copies, host: 'h' })
      expect(filed).toEqual([{ mailboxId: box.id, result: 'dropped', reason: 'sender' }])
      expect((await it.store.read.messages.list(box.id, {}, { limit: 9 })).total).toBe(0)
      const { items, total } = await it.store.read.events.drops(box.id, it.clock.now() - 1, { limit: 9 })
      expect(total).toBe(1)
      expect(items[0]?.payload).toMatchObject({ reason: 'sender', from: 'ada@example.com' })
      expect((await it.store.read.events.drops(box.id, it.clock.now(), { limit: 9 })).total).toBe(0)
    })

    test('two deliveries of the same bytes at once make one message', async () => {
      const { box } = await fill(0, { policy: { ...openPolicy, sameBytesOnce: true } })
      const copies = [{ mailbox: box, rcptTo: [box.address] }]
      for (const messageId of [null, '<twice@example.com>']) {
        const mail = readMail({ messageId })
        const file = () => it.store.run('messages.file', { mail, copies, host: 'h' })
        const results = (await Promise.all(Array.from({ length: 8 }, file))).flat().map(({ result }) => result)
        expect(results.sort()).toEqual([...Array(7).fill('duplicate'), 'stored'])
      }
    })

    test('the sweep takes what has outlived its mailbox, bite by bite, and nothing else', async () => {
      const { box, ids } = await fill(5, { policy: { ...openPolicy, retentionDays: 1 } })
      const kept = await fill(2)
      it.clock.advance(DAY_MS - 2)
      const late = await fileMail(it.store, box)
      let after: string | null = ''
      let bites = 0
      while (after !== null) {
        after = await it.store.run('messages.sweep-expired', { after, limit: 2 })
        bites++
      }
      expect(bites).toBeGreaterThan(1)
      for (const id of ids.slice(0, 4)) expect(await it.store.read.messages.get(box.id, id)).toBeUndefined()
      expect(await it.store.read.messages.get(box.id, late.messageId)).toBeDefined()
      const mailbox = await it.store.read.mailboxes.get(box.orgId, box.id)
      const held = (await it.store.read.messages.list(box.id, {}, { limit: 9 })).items
      expect(mailbox).toMatchObject({ messageCount: held.length, threadCount: held.length })
      expect((await it.store.read.messages.list(kept.box.id, {}, { limit: 9 })).total).toBe(2)
    })

    test('lists are ordered by sender, subject and size, ties by id, on every page', async () => {
      const { box } = await fill(0)
      const mails = [
        ['zoe@x.test', 'b', 5],
        ['Ada@x.test', 'B', 5],
        ['ada@x.test', 'a', 1],
      ] as const
      for (const [address, subject, sizeBytes] of mails) {
        await fileMail(it.store, box, { from: [{ name: 'Same', address }], subject, sizeBytes })
      }
      const list = (by: 'sender' | 'subject' | 'size', page = {}) =>
        it.store.read.messages.list(box.id, {}, { limit: 9, by, ascending: true, ...page })
      const senders = async (by: 'sender' | 'subject' | 'size') =>
        (await list(by)).items.map(({ from }) => from[0]?.address)
      expect((await senders('sender')).at(-1)).toBe('zoe@x.test')
      expect((await senders('subject'))[0]).toBe('ada@x.test')
      expect((await senders('size'))[0]).toBe('ada@x.test')
      for (const by of ['sender', 'subject', 'size'] as const) {
        const pages = []
        for (const offset of [0, 1, 2]) pages.push(...(await list(by, { limit: 1, offset })).items)
        expect(pages).toEqual((await list(by)).items)
      }
      const found = await it.store.read.messages.list(box.id, { sender: 'ADA@' }, { limit: 9 })
      expect(found.total).toBe(2)
      expect((await it.store.read.messages.list(box.id, { sender: 'same' }, { limit: 9 })).total).toBe(0)
    })
  })
}
