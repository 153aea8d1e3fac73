import { beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import type { Opened } from './open.ts'

export function jobsContract(opened: () => Opened): void {
  describe('jobs', () => {
    let it: Opened
    const claim = (limit = 100) => it.store.run('jobs.claim', { leaseMs: 1000, limit })
    const schedule = (key: string, runAt: number) =>
      it.store.run('jobs.schedule', { task: { kind: 'delete-blobs', keys: [key] }, runAt })
    beforeAll(async () => {
      it = opened()
      it.clock.advance(10_000)
      for (const { id } of await claim(1000)) await it.store.run('jobs.done', { id })
    })

    test('a job runs at its time, once, until it is done', async () => {
      await schedule('a', it.clock.now() + 50)
      expect(await claim()).toEqual([])
      expect(await it.store.read.jobs.nextDue()).toBe(it.clock.now() + 50)
      it.clock.advance(50)
      const [job] = await claim()
      expect(job).toMatchObject({ task: { kind: 'delete-blobs', keys: ['a'] }, attempts: 1 })
      expect(await claim()).toEqual([])
      await it.store.run('jobs.done', { id: job!.id })
      it.clock.advance(5000)
      expect(await claim()).toEqual([])
      expect(await it.store.read.jobs.nextDue()).toBeUndefined()
    })

    test('a job whose worker is gone is taken over when the lease ends', async () => {
      await schedule('b', it.clock.now())
      const [first] = await claim()
      it.clock.advance(1000)
      const [second] = await claim()
      expect(second).toMatchObject({ id: first?.id, attempts: 2 })
      await it.store.run('jobs.retry', { id: first!.id, runAt: it.clock.now() + 7 })
      expect(await it.store.read.jobs.nextDue()).toBe(it.clock.now() + 7)
      await it.store.run('jobs.done', { id: first!.id })
    })

    test('what a dead worker held is due again when nobody works, and what waits goes on waiting', async () => {
      await schedule('held', it.clock.now())
      await schedule('later', it.clock.now() + 500)
      const [held] = await claim()
      expect(await claim()).toEqual([])
      await it.store.run('jobs.release-all', {})
      expect((await claim()).map(({ id }) => id)).toEqual([held?.id])
      it.clock.advance(500)
      const [later] = await claim(1)
      for (const job of [held, later]) await it.store.run('jobs.done', { id: job!.id })
    })

    test('a job that goes on for ever is there once, whoever asks for it', async () => {
      const sweep = (cursor: string | null) => ({ kind: 'sweep-blobs', cursor }) as const
      const other = await it.openAnother()
      const ensure = (store: Store) => store.run('jobs.ensure', { task: sweep(null), runAt: it.clock.now() })
      await Promise.all([it.store, other, it.store, other].map(ensure))
      await other[Symbol.asyncDispose]()
      const [job, ...more] = await claim()
      expect(more).toEqual([])
      await it.store.run('jobs.go-on', { id: job!.id, task: sweep('here'), runAt: it.clock.now() + 9 })
      await ensure(it.store)
      it.clock.advance(9)
      expect(await claim()).toEqual([{ ...job, task: sweep('here'), runAt: it.clock.now() }])
      await it.store.run('jobs.done', { id: job!.id })
    })

    test('blobs are held until every holder lets go or its time is over', async () => {
      const until = () => it.store.read.jobs.blobsHeldUntil(it.clock.now())
      expect(await until()).toBeUndefined()
      await it.store.run('blobs.hold', { id: 'a', forMs: 100 })
      await it.store.run('blobs.hold', { id: 'b', forMs: 50 })
      expect(await until()).toBe(it.clock.now() + 100)
      await it.store.run('blobs.release', { id: 'a' })
      expect(await until()).toBe(it.clock.now() + 50)
      await it.store.run('blobs.hold', { id: 'b', forMs: 70 })
      expect(await until()).toBe(it.clock.now() + 70)
      it.clock.advance(70)
      expect(await until()).toBeUndefined()
    })

    test('twenty workers at once never get the same job', async () => {
      for (let i = 0; i < 50; i++) await schedule(`c${i}`, it.clock.now())
      const claimed = (await Promise.all(Array.from({ length: 20 }, () => claim(4)))).flat()
      const all = [...claimed, ...(await claim())]
      expect(new Set(all.map((j) => j.id)).size).toBe(50)
      expect(all).toHaveLength(50)
      for (const { id } of all) await it.store.run('jobs.done', { id })
    })
  })
}
