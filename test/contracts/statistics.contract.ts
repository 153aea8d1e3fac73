import { beforeAll, describe, expect, test } from 'vitest'
import { type MailboxId, newId } from '../../src/core/ids.ts'
import { type Levels, noLevels, type Scope, type Span } from '../../src/core/statistics/model.ts'
import type { ScopedCount } from '../../src/core/statistics/store.ts'
import { buildMailbox, buildOrganization, fileMail, type Owner } from '../support/builders.ts'
import type { Opened } from './open.ts'

const HOUR = 3600
const all = ['message.received', 'domain.verified'] as const

export function statisticsContract(opened: () => Opened): void {
  describe('statistics', () => {
    let it: Opened
    let owner: Owner
    beforeAll(async () => {
      it = opened()
      owner = await buildOrganization(it.store)
      await follow()
    })
    // On PostgreSQL the last entries are numbered a moment after their commit: whoever waits for them polls.
    const follow = async () => {
      while ((await it.store.run('statistics.follow', { limit: 100 })) > 0);
    }
    const add = (counts: ScopedCount[]) => it.write((tx) => tx.statistics.add(counts))
    const set = (scope: Scope, at: number, levels: Partial<Levels>) =>
      it.write((tx) => tx.statistics.set([{ scope, at, levels: { ...noLevels, ...levels } }]))
    const counts = async (scope: Scope, span: Span) => {
      const points = await it.store.read.statistics.counts(scope, all, span)
      return points.toSorted((a, b) => a.at - b.at).map(({ at, count }) => [at, count])
    }

    test('counts are summed by bucket, to the second at both ends, from seconds and from hours alike', async () => {
      const scope = newId<MailboxId>()
      const topic = 'message.received'
      const points = [0, 59, 60, HOUR - 1, HOUR, 2 * HOUR, 5 * HOUR + 10].map(
        (at) => ({ scope, topic, at, count: 2 }) as const,
      )
      await add(points)
      await add([points[0]!, { ...points[0]!, topic: 'domain.verified' }])
      const sums = (await counts(scope, { from: 0, to: 120, period: 60 })).toSorted().map(String)
      expect(sums).toEqual(['0,2', '0,6', '60,2'])
      expect(await counts(scope, { from: 59, to: 61, period: 1 })).toEqual([
        [59, 2],
        [60, 2],
      ])
      // Hours in the middle, seconds at the ends: 0 is left out and so is 5:00:10.
      const span = { from: 1, to: 5 * HOUR + 10, period: HOUR }
      expect(await counts(scope, span)).toEqual([
        [0, 6],
        [HOUR, 2],
        [2 * HOUR, 2],
      ])
      expect(await counts(scope, { ...span, to: 5 * HOUR + 11, period: 2 * HOUR })).toEqual([
        [0, 8],
        [2 * HOUR, 2],
        [4 * HOUR, 2],
      ])
      expect(await counts(newId<MailboxId>(), span)).toEqual([])
    })

    test('how it stood at the last change in each bucket is told, and at the last before', async () => {
      const scope = newId<MailboxId>()
      const changes = [10, 20, HOUR + 5, HOUR + 6, 3 * HOUR + 1]
      for (const [index, at] of changes.entries()) await set(scope, at, { messages: index + 1 })
      const standings = async (span: Span) => {
        const found = await it.store.read.statistics.standings(scope, span)
        return found.toSorted((a, b) => a.at - b.at).map(({ levels }) => levels.messages)
      }
      expect(await standings({ from: 15, to: 3 * HOUR, period: 60 })).toEqual([1, 2, 4])
      expect(await standings({ from: 15, to: 4 * HOUR, period: HOUR })).toEqual([1, 2, 4, 5])
      expect(await standings({ from: 0, to: 15, period: 60 })).toEqual([1])
      const present = await it.write((tx) => tx.statistics.present([scope]))
      expect(present.get(scope)).toEqual({ ...noLevels, messages: 5 })
    })

    test('what is followed counts for the mailbox, its project and its organization', async () => {
      const place = { orgId: owner.organization.id, name: 'counted', clientId: null }
      const { project } = await it.store.run('accounts.create-project', place)
      const box = await buildMailbox(it.store, { ...owner, project })
      const other = await buildMailbox(it.store, owner)
      for (const to of [box, box, other]) await fileMail(it.store, to)
      const now = Math.floor(it.clock.now() / 1000)
      const span = { from: now - 60, to: now + 60, period: 60 }
      const received = async (scope: Scope) => {
        await follow()
        return (await counts(scope, span)).reduce((sum, [, value = 0]) => sum + value, 0)
      }
      await expect.poll(() => received(owner.organization.id)).toBe(3)
      expect(await received(box.id)).toBe(2)
      expect(await received(project.id)).toBe(2)
      expect(await received(owner.project.id)).toBe(1)
      const present = async () => it.write((tx) => tx.statistics.present([box.id, project.id, owner.organization.id]))
      expect((await present()).get(box.id)).toMatchObject({ messages: 2, threads: 2, sizeBytes: 2400, mailboxes: 1 })
      expect((await present()).get(project.id)).toMatchObject({ messages: 2, mailboxes: 1 })
      expect((await present()).get(owner.organization.id)).toMatchObject({
        ...{ messages: 3, mailboxes: 2, projects: 2, domains: 0 },
      })
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      await it.store.run('mailboxes.purge', { id: box.id, limit: 10 })
      await expect
        .poll(async () => {
          await follow()
          return (await present()).get(owner.organization.id)
        })
        .toMatchObject({ messages: 1, mailboxes: 1 })
      expect((await present()).get(project.id)).toMatchObject({ messages: 0, mailboxes: 0, sizeBytes: 0 })
      expect(await received(owner.organization.id)).toBe(3)
    })

    test('followers at once count each entry once', async () => {
      const own = await buildOrganization(it.store)
      const box = await buildMailbox(it.store, own)
      for (let i = 0; i < 30; i++) await fileMail(it.store, box)
      const another = await it.openAnother()
      const now = Math.floor(it.clock.now() / 1000)
      await expect
        .poll(async () => {
          const stores = [it.store, another, it.store, another]
          await Promise.all(stores.map((store) => store.run('statistics.follow', { limit: 7 })))
          await follow()
          return counts(box.id, { from: now - 60, to: now + 60, period: 86_400 })
        })
        .toEqual([[Math.floor(now / 86_400) * 86_400, 30]])
      await another[Symbol.asyncDispose]()
    })

    test('what is too old goes, but for how it stood at the beginning', async () => {
      const [scope, gone] = [newId<MailboxId>(), newId<MailboxId>()]
      await add([{ scope, topic: 'message.received', at: 10, count: 1 }])
      await set(scope, 10, { messages: 1 })
      await set(scope, 5000, { messages: 2 })
      await set(gone, 10, { messages: 1 })
      await set(gone, 20, {})
      while ((await it.store.run('statistics.sweep', { before: 90_000_000, limit: 1 })) > 0);
      const span = { from: 0, to: 90_000, period: 60 }
      expect(await counts(scope, span)).toEqual([])
      const { standings } = it.store.read.statistics
      expect(await standings(scope, span)).toEqual([{ at: 5000, levels: { ...noLevels, messages: 2 } }])
      expect(await standings(gone, span)).toEqual([])
      const present = await it.write((tx) => tx.statistics.present([scope, gone]))
      expect([...present.keys()]).toEqual([scope])
    })
  })
}
