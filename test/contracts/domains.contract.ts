import { beforeAll, describe, expect, test } from 'vitest'
import type { Domain, DomainStatus } from '../../src/core/domains/model.ts'
import { type DomainId, newId, type OrgId } from '../../src/core/ids.ts'
import type { Opened } from './open.ts'

export function domainsContract(opened: () => Opened): void {
  describe('domains', () => {
    const [mine, yours] = [newId<OrgId>(), newId<OrgId>()]
    let it: Opened
    const insert = async (orgId: OrgId | null, name: string, status: DomainStatus): Promise<Domain> => {
      const domain = { id: newId<DomainId>(), orgId, name, status, createdAt: 1, updatedAt: 2 }
      await it.write((tx) => tx.domains.insert(domain))
      return domain
    }
    beforeAll(() => {
      it = opened()
    })

    test('the platform domain is usable by everybody and local', async () => {
      const platform = await insert(null, 'platform.test', 'verified')
      expect(await it.store.read.domains.usable(mine, 'platform.test')).toEqual(platform)
      expect(await it.store.read.domains.usable(yours, 'platform.test')).toEqual(platform)
      expect(await it.store.read.domains.isLocal('platform.test')).toBe(true)
    })

    test('a domain is usable by its organization only, and local when verified', async () => {
      const verified = await insert(mine, 'verified.test', 'verified')
      const pending = await insert(mine, 'pending.test', 'pending')
      expect(await it.store.read.domains.usable(mine, 'verified.test')).toEqual(verified)
      expect(await it.store.read.domains.usable(mine, 'pending.test')).toEqual(pending)
      expect(await it.store.read.domains.usable(yours, 'verified.test')).toBeUndefined()
      expect(await it.store.read.domains.isLocal('verified.test')).toBe(true)
      expect(await it.store.read.domains.isLocal('pending.test')).toBe(false)
      expect(await it.store.read.domains.isLocal('unknown.test')).toBe(false)
    })

    test('two organizations may both claim a name, and each sees its own claim', async () => {
      const claims = [await insert(mine, 'claimed.test', 'pending'), await insert(yours, 'claimed.test', 'verified')]
      expect(await it.store.read.domains.usable(mine, 'claimed.test')).toEqual(claims[0])
      expect(await it.store.read.domains.usable(yours, 'claimed.test')).toEqual(claims[1])
    })

    test('by name every claim is found: the platform first, then who has it verified, then by age', async () => {
      const pending = await insert(mine, 'sought.test', 'pending')
      const verified = await insert(yours, 'sought.test', 'verified')
      const platform = await insert(null, 'sought.test', 'verified')
      expect(await it.store.read.domains.byName('sought.test')).toEqual([platform, verified, pending])
      expect(await it.store.read.domains.byName('unsought.test')).toEqual([])
    })

    test('the names of which mail is ours are listed once each, in their order, page by page', async () => {
      for (const orgId of [mine, yours]) await insert(orgId, 'listed.test', 'verified')
      await insert(mine, 'listed-pending.test', 'pending')
      const first = await it.store.read.domains.localNames('l', 1)
      expect(first).toEqual(['listed.test'])
      const rest = await it.store.read.domains.localNames('listed.test', 100)
      expect(rest).toEqual([...rest].sort())
      expect(rest).not.toContain('listed.test')
    })

    test('a domain may have a way out of its own, until it is taken away', async () => {
      const [one, two] = [
        await insert(mine, 'routed-1.test', 'verified'),
        await insert(null, 'routed-2.test', 'verified'),
      ]
      const set = (domain: Domain, sealedRoute: string | null) =>
        it.store.run('domains.set-route', { domainId: domain.id, sealedRoute })
      const routes = async () => (await it.store.read.domains.routes()).filter((r) => r.name.startsWith('routed-'))
      await set(two, 'sealed 2')
      await set(one, 'sealed 0')
      await set(one, 'sealed 1')
      expect(await routes()).toEqual([
        { domainId: one.id, orgId: mine, name: 'routed-1.test', sealedRoute: 'sealed 1' },
        { domainId: two.id, orgId: null, name: 'routed-2.test', sealedRoute: 'sealed 2' },
      ])
      await set(one, null)
      expect((await routes()).map((r) => r.name)).toEqual(['routed-2.test'])
    })
  })
}
