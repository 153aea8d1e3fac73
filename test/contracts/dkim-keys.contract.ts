import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type NewDkimKey, PUBLISHED_AFTER_MS } from '../../src/core/domains/dkim-keys/commands.ts'
import { type DkimKeyId, type DomainId, newId } from '../../src/core/ids.ts'
import type { Opened } from './open.ts'

export function dkimKeysContract(opened: () => Opened): void {
  describe('dkim keys', () => {
    let it: Opened
    let domainId: DomainId
    beforeAll(() => {
      it = opened()
    })
    beforeEach(() => {
      domainId = newId<DomainId>()
    })

    const key = (selector: string, algorithm: NewDkimKey['algorithm'] = 'rsa-sha256'): NewDkimKey => ({
      id: newId<DkimKeyId>(),
      selector,
      algorithm,
      publicRecord: `v=DKIM1; p=${selector}`,
      sealedKey: 'sealed',
    })
    const pair = (name: string) => [key(name), key(`${name}-ed`, 'ed25519-sha256')]
    const states = async () => (await it.store.read.dkimKeys.ofDomain(domainId)).map((k) => `${k.selector} ${k.state}`)

    test('the first keys sign at once, and a second call changes nothing', async () => {
      const keys = pair('dkim')
      await it.store.run('dkim-keys.add-first', { domainId, keys })
      await it.store.run('dkim-keys.add-first', { domainId, keys: pair('other') })
      const now = it.clock.now()
      const times = { domainId, state: 'active', createdAt: now, activatedAt: now, retiredAt: null }
      expect(await it.store.read.dkimKeys.ofDomain(domainId)).toEqual(keys.map((k) => ({ ...k, ...times })))
    })

    test('two nodes that start together leave one pair', async () => {
      await using other = await it.openAnother()
      const both = [it.store, other].map((s) => s.run('dkim-keys.add-first', { domainId, keys: pair('dkim') }))
      await Promise.all(both)
      expect(await states()).toEqual(['dkim active', 'dkim-ed active'])
    })

    test('in a rotation the old keys sign until the new ones do, and are then kept for their public half only', async () => {
      await it.store.run('dkim-keys.add-first', { domainId, keys: pair('dkim') })
      it.clock.advance(1)
      await it.store.run('dkim-keys.add', { domainId, keys: pair('new') })
      expect(await states()).toEqual(['dkim active', 'dkim-ed active', 'new pending', 'new-ed pending'])
      const again = await it.store.run('dkim-keys.add', { domainId, keys: pair('newer') })
      expect(again.map((k) => k.selector)).toEqual(['new', 'new-ed'])
      await it.store.run('dkim-keys.activate', { domainId })
      expect(await states()).toEqual(['dkim retired', 'dkim-ed retired', 'new active', 'new-ed active'])
      const [retired] = await it.store.read.dkimKeys.ofDomain(domainId)
      expect(retired).toMatchObject({ sealedKey: null, publicRecord: 'v=DKIM1; p=dkim', retiredAt: it.clock.now() })
    })

    test('nothing is activated when nothing waits', async () => {
      await it.store.run('dkim-keys.add-first', { domainId, keys: pair('dkim') })
      await expect(it.store.run('dkim-keys.activate', { domainId })).rejects.toMatchObject({ code: 'conflict' })
    })

    test('retired keys are forgotten when no mail can carry them any more', async () => {
      await it.store.run('dkim-keys.add-first', { domainId, keys: pair('a') })
      it.clock.advance(1)
      await it.store.run('dkim-keys.add', { domainId, keys: pair('b') })
      await it.store.run('dkim-keys.activate', { domainId })
      it.clock.advance(PUBLISHED_AFTER_MS)
      await it.store.run('dkim-keys.add', { domainId, keys: pair('c') })
      expect(await states()).toEqual(['b active', 'b-ed active', 'c pending', 'c-ed pending'])
    })
  })
}
