import { beforeAll, describe, expect, test } from 'vitest'
import type { Domain, DomainStatus } from '../../src/core/domains/model.ts'
import type { Failure } from '../../src/core/errors.ts'
import { type DomainId, newId, type OrgId } from '../../src/core/ids.ts'
import { buildMailbox, buildOrganization, wholeReach } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function domainsContract(opened: () => Opened): void {
  describe('domains', () => {
    const [mine, yours] = [newId<OrgId>(), newId<OrgId>()]
    let it: Opened
    const insert = async (
      orgId: OrgId | null,
      name: string,
      status: DomainStatus,
      fields: Partial<Domain> = {},
    ): Promise<Domain> => {
      const domain: Domain = {
        ...{ id: newId<DomainId>(), orgId, projectId: null, name, status, feedbackEnabled: true, states: {} },
        ...{ subdomainsEnabled: false, trackingEnabled: false },
        ...{ checkedAt: null, recheckAt: null, failingSince: null, createdAt: 1, updatedAt: 2 },
        ...fields,
      }
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

    test('names below an open domain belong to its organization, and mail to them is ours once it is verified', async () => {
      const open = await insert(mine, 'open.test', 'verified', { subdomainsEnabled: true })
      const nearer = await insert(mine, 'eu.open.test', 'pending', { subdomainsEnabled: true })
      await insert(mine, 'closed.test', 'verified')
      const { domains } = it.store.read
      expect(await domains.usable(mine, 'us.open.test')).toEqual(open)
      expect(await domains.usable(mine, 'de.eu.open.test')).toEqual(nearer)
      expect(await domains.usable(yours, 'us.open.test')).toBeUndefined()
      expect(await domains.usable(mine, 'us.closed.test')).toBeUndefined()
      expect(await domains.isLocal('a.b.us.open.test')).toBe(true)
      expect(await domains.isLocal('us.closed.test')).toBe(false)
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

    test('an update writes everything but the identity, and a deleted domain is gone', async () => {
      const found = { status: 'invalid', reason: 'mismatch', found: ['v=spf1 -all', 'grüße'] } as const
      const domain = await insert(mine, 'changed.test', 'pending', { recheckAt: 9e15 })
      const changed: Domain = {
        ...{
          ...domain,
          status: 'failed',
          feedbackEnabled: false,
          states: { 'TXT changed.test': { ...found, found: [...found.found] } },
        },
        ...{ checkedAt: 10, recheckAt: 9e15 + 1, failingSince: 30, updatedAt: 40 },
      }
      await it.write((tx) => tx.domains.update(changed))
      expect(await it.store.read.domains.own(mine, 'changed.test')).toEqual(changed)
      await it.write((tx) => tx.domains.delete(domain.id))
      expect(await it.store.read.domains.own(mine, 'changed.test')).toBeUndefined()
    })

    test('an organization lists its own, newest first, and finds neither the platform nor others among them', async () => {
      const org = newId<OrgId>()
      const made = []
      for (const n of [1, 2, 3]) made.unshift(await insert(org, `listed-${n}.test`, 'pending', { createdAt: n }))
      expect(await it.store.read.domains.list(wholeReach(org), { limit: 9 })).toEqual({ items: made, total: 3 })
      expect(await it.store.read.domains.list(wholeReach(org), { limit: 1, offset: 1 })).toEqual({
        items: [made[1]],
        total: 3,
      })
      expect(await it.store.read.domains.own(mine, 'listed-1.test')).toBeUndefined()
      expect(await it.store.read.domains.own(org, 'platform.test')).toBeUndefined()
    })

    test('those to be checked again come when they are due, the longest overdue first', async () => {
      const [late, soon, first] = [
        await insert(mine, 'late.test', 'verified', { recheckAt: 200 }),
        await insert(yours, 'soon.test', 'pending', { recheckAt: 300 }),
        await insert(mine, 'first.test', 'failed', { recheckAt: 100 }),
      ]
      expect(await it.store.read.domains.due(250, 9)).toEqual([first, late])
      expect(await it.store.read.domains.due(300, 2)).toEqual([first, late])
      expect(await it.store.read.domains.due(300, 9)).toEqual([first, late, soon])
    })
  })

  describe('claims to domains', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })
    const claim = async (orgId: OrgId, name: string) => {
      const projectId = (await it.store.read.accounts.defaultProject(orgId))!.id
      const wanted = { id: newId<DomainId>(), orgId, projectId, name, feedbackEnabled: null, keys: [] }
      return it.store.run('domains.create', wanted)
    }
    const valid = { status: 'valid', reason: null, found: [] } as const
    const check = (orgId: OrgId, name: string, status: 'valid' | 'missing' = 'valid', asked = true) =>
      it.store.run('domains.record-check', {
        ...{ orgId, name, asked, keys: ['r'], required: ['r'] },
        states: { r: { ...valid, status, found: [] } },
      })
    const organization = async (domainLimit: number | null = null) =>
      (await buildOrganization(it.store, { domainLimit })).organization.id

    test('twenty at once never pass a limit together', async () => {
      const org = await organization(3)
      await claim(org, 'a.limit.test')
      await claim(org, 'b.limit.test')
      const made = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => claim(org, `${n}.limit.test`)))
      const refused = made.filter((m) => m.status === 'rejected').map((m) => (m.reason as Failure).code)
      expect(refused).toEqual(Array(19).fill('limit_reached'))
      expect((await it.store.read.accounts.usage(org)).domains).toBe(3)
    })

    test('twenty at once for one name make one claim', async () => {
      const org = await organization()
      const made = await Promise.all(Array.from({ length: 20 }, () => claim(org, 'once.test')))
      expect(made.filter((m) => m.created)).toHaveLength(1)
      expect(new Set(made.map((m) => m.domain.id)).size).toBe(1)
    })

    test('of several organizations with the right records at one moment one has the name, and is told once', async () => {
      const orgs = await Promise.all(Array.from({ length: 5 }, () => organization()))
      for (const org of orgs) await claim(org, 'raced.test')
      const checked = await Promise.all([...orgs, ...orgs].map((org) => check(org, 'raced.test')))
      expect(checked.filter((c) => !c.taken)).toHaveLength(2)
      expect(checked.filter((c) => c.domain.status === 'verified')).toHaveLength(2)
      const events = (await it.store.read.events.after(0, 10_000)).filter((e) => e.payload.name === 'raced.test')
      expect(events.map((e) => e.type).filter((type) => type !== 'domain.created')).toEqual(['domain.verified'])
      const stranger = await organization()
      await expect(claim(stranger, 'raced.test')).rejects.toMatchObject({ code: 'taken' })
    })

    test('a mailbox is not made in a domain that was given up meanwhile', async () => {
      const owner = await buildOrganization(it.store)
      const { domain } = await claim(owner.organization.id, 'given-up.test')
      const fields = { domain: domain.name, domainId: domain.id }
      const box = await buildMailbox(it.store, owner, fields)
      const name = { orgId: owner.organization.id, name: domain.name }
      await expect(it.store.run('domains.delete', name)).rejects.toMatchObject({ code: 'in_use' })
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      await it.store.run('domains.delete', name)
      await expect(buildMailbox(it.store, owner, fields)).rejects.toMatchObject({ code: 'invalid' })
    })

    test('who takes a name over takes its addresses over, and nobody else loses any', async () => {
      const [before, after] = [await buildOrganization(it.store), await buildOrganization(it.store)]
      const { domain } = await claim(before.organization.id, 'moved.test')
      await check(before.organization.id, 'moved.test')
      const box = await buildMailbox(it.store, before, { domain: domain.name, localPart: 'desk' })
      const other = await buildMailbox(it.store, before, { domain: 'not-moved.test', localPart: 'desk' })
      for (const _ of [1, 2]) {
        await check(before.organization.id, 'moved.test', 'missing')
        it.clock.advance(72 * 3_600_000)
      }
      await claim(after.organization.id, 'moved.test')
      expect((await check(after.organization.id, 'moved.test')).domain.status).toBe('verified')
      expect(await it.store.read.mailboxes.byAddress('desk@moved.test')).toBeUndefined()
      expect(await it.store.read.mailboxes.get(box.orgId, box.id)).toEqual(box)
      expect(await it.store.read.mailboxes.byAddress(other.address)).toEqual(other)
      await buildMailbox(it.store, after, { domain: 'moved.test', localPart: 'desk' })
    })
  })
}
