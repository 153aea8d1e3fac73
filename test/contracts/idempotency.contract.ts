import { beforeAll, describe, expect, test } from 'vitest'
import { newId, type OrgId } from '../../src/core/ids.ts'
import { buildMailbox, newOutbound } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function idempotencyContract(opened: () => Opened): void {
  describe('idempotency', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })
    const begin = (orgId: OrgId, key: string, fingerprint = 'f') =>
      it.store.run('idempotency.begin', { orgId, key, fingerprint })

    test('of ten calls at once one runs', async () => {
      const orgId = newId<OrgId>()
      const calls = await Promise.allSettled(Array.from({ length: 10 }, () => begin(orgId, 'k')))
      expect(calls.filter((c) => c.status === 'fulfilled')).toHaveLength(1)
      const refused = calls.find((c) => c.status === 'rejected')
      expect(refused?.reason).toMatchObject({ name: 'Failure', code: 'in_progress', retryAfterSeconds: 1 })
    })

    test('the first answer is replayed to the same call and to no other', async () => {
      const box = await buildMailbox(it.store)
      await begin(box.orgId, 'send')
      const answer = await it.store.run('outbound.enqueue', newOutbound(box, { idempotencyKey: 'send' }))
      expect(await begin(box.orgId, 'send')).toEqual({ replayed: answer })
      await expect(begin(box.orgId, 'send', 'other')).rejects.toMatchObject({ code: 'conflict' })
      expect(await begin(newId<OrgId>(), 'send')).toEqual({ replayed: null })
    })

    test('a key of a failed call is free again, one of a finished call is not', async () => {
      const box = await buildMailbox(it.store)
      await begin(box.orgId, 'failed')
      await it.store.run('idempotency.forget', { orgId: box.orgId, key: 'failed' })
      expect(await begin(box.orgId, 'failed')).toEqual({ replayed: null })
      const answer = await it.store.run('outbound.enqueue', newOutbound(box, { idempotencyKey: 'failed' }))
      await it.store.run('idempotency.forget', { orgId: box.orgId, key: 'failed' })
      expect(await begin(box.orgId, 'failed')).toEqual({ replayed: answer })
    })

    test('a call that says that it runs keeps its key; one that is silent for a minute loses it', async () => {
      const orgId = newId<OrgId>()
      await begin(orgId, 'long')
      for (let beats = 0; beats < 5; beats++) {
        it.clock.advance(20_000)
        await it.store.run('idempotency.renew', { orgId, key: 'long' })
      }
      await expect(begin(orgId, 'long')).rejects.toMatchObject({ code: 'in_progress' })
      it.clock.advance(60_000)
      expect(await begin(orgId, 'long')).toEqual({ replayed: null })
    })

    test('expired keys are swept', async () => {
      const orgId = newId<OrgId>()
      await begin(orgId, 'old')
      it.clock.advance(25 * 3_600_000)
      expect(await it.store.run('idempotency.sweep', {})).toBeGreaterThan(0)
      expect(await it.store.run('idempotency.sweep', {})).toBe(0)
      expect(await begin(orgId, 'old')).toEqual({ replayed: null })
    })
  })
}
