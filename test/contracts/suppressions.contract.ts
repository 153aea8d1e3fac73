import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeliveryId, newId, type OrgId } from '../../src/core/ids.ts'
import { buildMailbox, newOutbound } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function suppressionsContract(opened: () => Opened): void {
  describe('suppressions', () => {
    let it: Opened
    let orgId: OrgId
    beforeAll(() => {
      it = opened()
    })
    beforeEach(() => {
      orgId = newId<OrgId>()
    })
    const add = (address: string, reason: 'manual' | 'hard_bounce' = 'manual', org = orgId) =>
      it.store.run('suppressions.add', { orgId: org, address, reason, deliveryId: null })
    const remove = (address: string, byOperator = false) =>
      it.store.run('suppressions.remove', { orgId, address, byOperator })

    test('a suppressed address is found among others, in its own organization only', async () => {
      const deliveryId = newId<DeliveryId>()
      const kept = { orgId, address: 'a@x.test', reason: 'hard_bounce' as const, deliveryId }
      const held = { ...kept, createdAt: it.clock.now() }
      expect(await it.store.run('suppressions.add', kept)).toEqual(held)
      await add('b@x.test')
      expect(await it.store.read.suppressions.among(orgId, ['a@x.test', 'c@x.test'])).toEqual([held])
      expect(await it.store.read.suppressions.among(orgId, [])).toEqual([])
      expect(await it.store.read.suppressions.among(newId<OrgId>(), ['a@x.test'])).toEqual([])
    })

    test('the first reason stays', async () => {
      await add('a@x.test', 'hard_bounce')
      expect((await add('a@x.test')).reason).toBe('hard_bounce')
    })

    test('they are listed newest first, page by page', async () => {
      for (const address of ['a@x.test', 'b@x.test', 'c@x.test']) {
        it.clock.advance(1)
        await add(address)
      }
      await add('z@x.test', 'manual', newId<OrgId>())
      const all = await it.store.read.suppressions.list(orgId, { limit: 2 })
      expect([all.total, ...all.items.map((s) => s.address)]).toEqual([3, 'c@x.test', 'b@x.test'])
      const last = all.items[1]!
      const rest = await it.store.read.suppressions.list(orgId, {
        limit: 9,
        after: { at: last.createdAt, id: last.address },
      })
      expect(rest.items.map((s) => s.address)).toEqual(['a@x.test'])
    })

    test('people take back what people made, the operator takes back everything', async () => {
      await add('a@x.test')
      await remove('a@x.test')
      await expect(remove('a@x.test')).rejects.toMatchObject({ code: 'not_found' })
      await add('a@x.test', 'hard_bounce')
      await expect(remove('a@x.test')).rejects.toMatchObject({ code: 'forbidden' })
      await remove('a@x.test', true)
      expect(await it.store.read.suppressions.among(orgId, ['a@x.test'])).toEqual([])
    })

    test('a message to a suppressed address is refused by name, in any spelling, and nothing of it is queued', async () => {
      const box = await buildMailbox(it.store)
      await add('ada@example.com', 'hard_bounce', box.orgId)
      const recipients = ['bo@example.com', 'Ada@Example.COM'].map((address) => ({ address, domain: 'example.com' }))
      const outbound = newOutbound(box, { recipients })
      await expect(it.store.run('outbound.enqueue', outbound)).rejects.toMatchObject({
        code: 'rejected',
        message: 'Ada@Example.COM is suppressed: hard_bounce',
      })
      expect(await it.store.read.messages.get(box.id, outbound.message.id)).toBeUndefined()
      expect(await it.store.read.outbound.ofMessage(outbound.message.id)).toEqual([])
    })
  })
}
