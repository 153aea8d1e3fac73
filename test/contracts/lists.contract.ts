import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { MailboxId, OrgId } from '../../src/core/ids.ts'
import { refusedAmong } from '../../src/core/lists/judge.ts'
import type { ListDirection, ListPlace, ListType } from '../../src/core/lists/model.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import { buildMailbox, buildOrganization, fileMail, newOutbound, type Owner } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function listsContract(opened: () => Opened): void {
  describe('allow and block lists', () => {
    let it: Opened
    let owner: Owner
    let box: Mailbox
    let places: Record<'organization' | 'project' | 'mailbox', ListPlace>
    beforeAll(() => {
      it = opened()
    })
    beforeEach(async () => {
      owner = await buildOrganization(it.store)
      box = await buildMailbox(it.store, owner)
      const { orgId, projectId, id: mailboxId } = box
      places = {
        organization: { orgId, projectId: null, mailboxId: null },
        project: { orgId, projectId, mailboxId: null },
        mailbox: { orgId, projectId, mailboxId },
      }
    })
    const add = (
      place: keyof typeof places,
      entry: string,
      type: ListType = 'block',
      direction: ListDirection = 'receive',
    ) => it.store.run('lists.add', { ...places[place], direction, type, entry, reason: null })
    const refused = async (addresses: string[], direction: ListDirection = 'receive', mailbox = box) =>
      (await refusedAmong(it.store.read.lists, mailbox, direction, addresses)).map((r) => [r.address, r.entry])
    const receive = { direction: 'receive', type: 'block' } as const
    const sending = { direction: 'send', type: 'block' } as const

    test('an entry is read back, listed by name, and taken off', async () => {
      const kept = await it.store.run('lists.add', { ...places.mailbox, ...receive, entry: 'b.test', reason: 'Ünruhe' })
      expect(kept).toEqual({
        ...{ ...places.mailbox, ...receive, entry: 'b.test', reason: 'Ünruhe' },
        ...{ readOnly: false, createdAt: it.clock.now() },
      })
      for (const entry of ['c.test', 'a@b.test', 'a.test']) await add('mailbox', entry)
      const list = async (page: object) =>
        (await it.store.read.lists.list(places.mailbox, receive, { limit: 2, ...page })).map(({ entry }) => entry)
      expect(await it.store.read.lists.get(places.mailbox, receive, 'b.test')).toEqual(kept)
      expect(await list({ limit: 9 })).toEqual(['a.test', 'a@b.test', 'b.test', 'c.test'])
      expect(await list({})).toEqual(['a.test', 'a@b.test'])
      expect(await list({ after: 'a@b.test' })).toEqual(['b.test', 'c.test'])
      expect(await list({ after: 'b.test', descending: true })).toEqual(['a@b.test', 'a.test'])
      await it.store.run('lists.remove', { place: places.mailbox, list: receive, entry: 'b.test' })
      expect(await list({ limit: 9 })).toEqual(['a.test', 'a@b.test', 'c.test'])
      expect(await it.store.read.lists.get(places.mailbox, receive, 'b.test')).toBeUndefined()
    })

    test('an entry is on a list once, of two at the same time too', async () => {
      const results = await Promise.allSettled([add('project', 'b.test'), add('project', 'b.test')])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(add('project', 'b.test')).rejects.toMatchObject({ code: 'taken' })
      await add('project', 'b.test', 'allow')
      await add('organization', 'b.test')
      const gone = { place: places.mailbox, list: receive, entry: 'b.test' }
      await expect(it.store.run('lists.remove', gone)).rejects.toMatchObject({ code: 'not_found' })
    })

    test('without entries everybody is admitted', async () => {
      expect(await it.store.read.lists.inUse(box.orgId)).toBe(false)
      expect(await refused(['a@b.test'])).toEqual([])
    })

    test('the narrowest place with an entry decides', async () => {
      await add('organization', 'b.test')
      expect(await refused(['a@b.test'])).toEqual([['a@b.test', 'b.test']])
      await add('project', 'b.test', 'allow')
      expect(await refused(['a@b.test'])).toEqual([])
      await add('mailbox', 'a@b.test')
      expect(await refused(['A@B.test', 'c@b.test'])).toEqual([['A@B.test', 'a@b.test']])
    })

    test('in one place the address comes before its domain, and block before allow', async () => {
      await add('project', 'b.test')
      await add('project', 'a@b.test', 'allow')
      expect(await refused(['a@b.test', 'x@b.test'])).toEqual([['x@b.test', 'b.test']])
      await add('project', 'a@b.test')
      expect(await refused(['a@b.test'])).toEqual([['a@b.test', 'a@b.test']])
    })

    test('a list of allowed ones admits only those, and no sub-domains', async () => {
      await add('organization', 'b.test', 'allow')
      expect(await refused(['a@b.test', 'a@sub.b.test', 'a@c.test'])).toEqual([
        ['a@sub.b.test', null],
        ['a@c.test', null],
      ])
      expect(await refused(['a@c.test'], 'reply')).toEqual([])
    })

    test('another mailbox, project and organization have lists of their own', async () => {
      await add('mailbox', 'b.test')
      const sister = await buildMailbox(it.store, owner)
      const stranger = await buildMailbox(it.store)
      expect(await refused(['a@b.test'], 'receive', sister)).toEqual([])
      await add('organization', 'b.test')
      expect(await refused(['a@b.test'], 'receive', sister)).toHaveLength(1)
      expect(await refused(['a@b.test'], 'receive', stranger)).toEqual([])
      expect(await it.store.read.lists.list(places.mailbox, receive, { limit: 9 })).toHaveLength(1)
    })

    test('a blocked author is filed out of sight, and told as such', async () => {
      await add('mailbox', 'ada@example.com')
      const { messageId } = await fileMail(it.store, box)
      expect(await it.store.read.messages.get(box.id, messageId)).toMatchObject({ blocked: true })
      expect((await it.store.read.messages.list(box.id, {}, { limit: 9 })).items).toEqual([])
      expect((await it.store.read.messages.list(box.id, { includeBlocked: true }, { limit: 9 })).total).toBe(1)
      const told = { type: 'message.received', messageId, payload: { variant: 'blocked' } }
      await expect.poll(lastEvent).toMatchObject(told)
      const other = await fileMail(it.store, box, { from: [{ name: null, address: 'eve@example.com' }] })
      expect(await it.store.read.messages.get(box.id, other.messageId)).toMatchObject({ blocked: false })
      await expect.poll(lastEvent).toMatchObject({ messageId: other.messageId, payload: {} })
    })

    test('an answer to mail of ours is judged by the lists for answers only', async () => {
      await add('mailbox', 'example.com')
      const sent = newOutbound(box)
      await it.store.run('outbound.enqueue', sent)
      const answer = await fileMail(it.store, box, { inReplyTo: sent.message.messageId })
      expect(await it.store.read.messages.get(box.id, answer.messageId)).toMatchObject({ blocked: false })
      await add('mailbox', 'other.test', 'allow', 'reply')
      const next = await fileMail(it.store, box, { inReplyTo: sent.message.messageId })
      expect(await it.store.read.messages.get(box.id, next.messageId)).toMatchObject({ blocked: true })
      const forged = await fileMail(it.store, box, { inReplyTo: answer.mail.messageId })
      expect(await it.store.read.messages.get(box.id, forged.messageId)).toMatchObject({ blocked: true })
    })

    test('a blocked recipient is refused by the name of the entry, and nothing is queued', async () => {
      await add('organization', 'example.com', 'block', 'send')
      await expect(it.store.run('outbound.enqueue', newOutbound(box))).rejects.toMatchObject({
        code: 'rejected',
        message: 'ada@example.com is blocked by the list entry example.com',
      })
      expect((await it.store.read.messages.list(box.id, {}, { limit: 9 })).items).toEqual([])
    })

    test('suppressed addresses are entries of what the organization does not send to', async () => {
      await add('organization', 'b@x.test', 'block', 'send')
      const suppress = (address: string, reason: 'manual' | 'hard_bounce') =>
        it.store.run('suppressions.add', { orgId: box.orgId, address, reason, deliveryId: null })
      await suppress('a@x.test', 'hard_bounce')
      await suppress('c@x.test', 'manual')
      const list = (place: ListPlace) => it.store.read.lists.list(place, sending, { limit: 9 })
      expect((await list(places.organization)).map((e) => [e.entry, e.reason, e.readOnly])).toEqual([
        ['a@x.test', 'hard_bounce', true],
        ['b@x.test', null, false],
        ['c@x.test', 'manual', false],
      ])
      expect(await list(places.project)).toEqual([])
      const remove = (entry: string) =>
        it.store.run('lists.remove', { place: places.organization, list: sending, entry })
      await expect(remove('a@x.test')).rejects.toMatchObject({ code: 'forbidden' })
      await remove('c@x.test')
      expect(await it.store.read.suppressions.among(box.orgId, ['c@x.test'])).toEqual([])
      await expect(add('organization', 'a@x.test', 'block', 'send')).rejects.toMatchObject({ code: 'taken' })
    })

    test('the lists of a mailbox go with it', async () => {
      await add('mailbox', 'b.test')
      await it.store.run('mailboxes.delete', { orgId: box.orgId as OrgId, id: box.id as MailboxId })
      for (let done = false; !done; ) done = (await it.store.run('mailboxes.purge', { id: box.id, limit: 100 })).done
      expect(await it.store.read.lists.inUse(box.orgId)).toBe(false)
    })

    async function lastEvent() {
      const events = await it.store.read.events.after(0, 10_000)
      return events.findLast((event) => event.orgId === box.orgId)
    }
  })
}
