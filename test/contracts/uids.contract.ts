import { beforeAll, describe, expect, test } from 'vitest'
import { newId, type OrgId } from '../../src/core/ids.ts'
import { buildMailbox, buildOrganization, fileMail, readMail, unique, wholeReach } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function uidsContract(opened: () => Opened): void {
  describe('uids', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })
    const uidOf = async (...ids: { messageId: never }[]) => {
      const all = await it.store.read.messages.uids(ids.map(({ messageId }) => messageId))
      return ids.map(({ messageId }) => all.get(messageId)?.uid)
    }

    test('received messages are numbered by domain, whosever mailbox they came to', async () => {
      const [domain, other] = [`${unique('one')}.test`, `${unique('two')}.test`]
      const [ada, bob, eve] = [
        await buildMailbox(it.store, undefined, { domain }),
        await buildMailbox(it.store, undefined, { domain }),
        await buildMailbox(it.store, undefined, { domain: other }),
      ]
      const filed = [await fileMail(it.store, ada), await fileMail(it.store, bob), await fileMail(it.store, ada)]
      expect(await uidOf(...(filed as never[]))).toEqual([1, 2, 3])
      expect(await uidOf((await fileMail(it.store, eve)) as never)).toEqual([1])
      const { messages } = it.store.read
      expect(await messages.byUid(bob.orgId, { domain, uid: 2 })).toEqual({
        id: filed[1]?.messageId,
        mailboxId: bob.id,
      })
      expect(await messages.byUid(ada.orgId, { domain, uid: 2 })).toBeUndefined()
      expect(await messages.byUid(ada.orgId, { domain: other, uid: 1 })).toBeUndefined()
    })

    test('a number is never given again', async () => {
      const box = await buildMailbox(it.store, undefined, { domain: `${unique('again')}.test` })
      const { messageId } = await fileMail(it.store, box)
      await it.store.run('messages.delete', { mailboxId: box.id, id: messageId })
      expect(await it.store.read.messages.byUid(box.orgId, { domain: box.domain, uid: 1 })).toBeUndefined()
      expect(await uidOf((await fileMail(it.store, box)) as never)).toEqual([2])
    })

    test('mails that come to several domains at once, in any order, all get their numbers', async () => {
      const owner = await buildOrganization(it.store)
      const domains = Array.from({ length: 3 }, () => `${unique('many')}.test`)
      const boxes = await Promise.all(
        [...domains, ...domains].map((domain) => buildMailbox(it.store, owner, { domain })),
      )
      const orders = Array.from({ length: 24 }, (_, i) => [...boxes.slice(i % 6), ...boxes.slice(0, i % 6)])
      const filed = await Promise.all(
        orders.map((order) => {
          const copies = order.map((mailbox) => ({ mailbox, rcptTo: [mailbox.address] }))
          return it.store.run('messages.file', { mail: readMail(), copies, host: 'posthouse.test' })
        }),
      )
      const ids = filed.flat().flatMap((f) => (f.result === 'stored' ? f.messageId : []))
      const placed = [...(await it.store.read.messages.uids(ids)).values()]
      for (const domain of domains) {
        const uids = placed.filter((p) => p.domain === domain).map((p) => p.uid)
        expect(uids.sort((a, b) => a - b)).toEqual(Array.from({ length: 48 }, (_, i) => i + 1))
      }
    })

    test('the newest messages within reach, by direction', async () => {
      const owner = await buildOrganization(it.store)
      const [ada, bob] = [await buildMailbox(it.store, owner), await buildMailbox(it.store, owner)]
      await buildMailbox(it.store)
      const filed = []
      for (const box of [ada, bob, ada]) {
        it.clock.advance(1)
        filed.push((await fileMail(it.store, box)).messageId)
      }
      const reach = wholeReach(owner.organization.id)
      const newest = async (...asked: Parameters<typeof it.store.read.messages.newest>) =>
        (await it.store.read.messages.newest(...asked)).map(({ message }) => message.id)
      expect(await newest(reach, { direction: 'inbound' }, 10)).toEqual(filed.toReversed())
      expect(await newest(reach, { direction: 'inbound' }, 1)).toEqual([filed[2]])
      expect(await newest(reach, { direction: 'outbound' }, 10)).toEqual([])
      expect(await newest({ ...reach, mailboxId: bob.id }, { direction: 'inbound' }, 10)).toEqual([filed[1]])
      expect(await newest({ ...reach, projectId: newId() }, { direction: 'inbound' }, 10)).toEqual([])
      expect(await newest(wholeReach(newId<OrgId>()), { direction: 'inbound' }, 10)).toEqual([])
      await it.store.run('messages.mark-fetched', { mailboxId: bob.id, ids: [filed[1]!] })
      const fetched = (await it.store.read.messages.newest(reach, { direction: 'inbound' }, 10)).map(
        (one) => one.fetched,
      )
      expect(fetched).toEqual([false, true, false])
    })
  })
}
