import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ApiKey } from '../../src/core/accounts/model.ts'
import { type ApiKeyId, type MailboxId, newId, type OrgId } from '../../src/core/ids.ts'
import { buildMailbox, buildOrganization, type Owner, wholeReach } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function accountsContract(opened: () => Opened): void {
  describe('accounts', () => {
    let it: Opened
    let owner: Owner
    beforeAll(async () => {
      it = opened()
      owner = await buildOrganization(it.store, { mailboxLimit: 7, domainLimit: null })
    })

    const newKey = (fields: Partial<ApiKey> = {}): ApiKey => ({
      id: newId<ApiKeyId>(),
      orgId: owner.organization.id,
      projectId: owner.project.id,
      projectOnly: false,
      mailboxId: null,
      name: 'key',
      publicPart: 'ph_abc',
      hash: randomUUID(),
      scopes: ['admin'],
      permissions: null,
      usedAt: null,
      expiresAt: null,
      createdAt: it.clock.now(),
      updatedAt: it.clock.now(),
      ...fields,
    })

    test('an organization is read as it was made, with its default project', async () => {
      const { organization, project } = owner
      expect(await it.store.read.accounts.organization(organization.id)).toEqual(organization)
      expect(organization).toMatchObject({ mailboxLimit: 7, domainLimit: null, createdAt: it.clock.now() })
      expect(project).toMatchObject({ orgId: organization.id, isDefault: true, name: 'default' })
      expect(await it.store.read.accounts.organization(newId<OrgId>())).toBeUndefined()
      expect(await it.store.read.accounts.defaultProject(newId<OrgId>())).toBeUndefined()
    })

    test('the first organization stays the first', async () => {
      const first = await it.store.read.accounts.firstOrganization()
      it.clock.advance(1)
      await buildOrganization(it.store)
      expect(await it.store.read.accounts.firstOrganization()).toEqual(first)
    })

    test('usage counts what lives', async () => {
      const { organization, project } = await buildOrganization(it.store)
      const box = await buildMailbox(it.store, { organization, project })
      await buildMailbox(it.store, { organization, project })
      expect(await it.store.read.accounts.usage(organization.id)).toEqual({ mailboxes: 2, domains: 0 })
      await it.store.run('mailboxes.delete', { orgId: organization.id, id: box.id })
      expect(await it.store.read.accounts.usage(organization.id)).toEqual({ mailboxes: 1, domains: 0 })
    })

    test('a key is read as it was made, by its hash and by its id in its organization only', async () => {
      const key = newKey({ permissions: ['message_read'], scopes: ['read'], expiresAt: 9_000_000_000_000 })
      await it.store.run('accounts.create-key', { key })
      expect(await it.store.read.accounts.keyByHash(key.hash)).toEqual(key)
      expect(await it.store.read.accounts.key(key.orgId, key.id)).toEqual(key)
      expect(await it.store.read.accounts.key(newId<OrgId>(), key.id)).toBeUndefined()
      expect(await it.store.read.accounts.keyByHash('nothing')).toBeUndefined()
    })

    test('keys are listed newest first, those of another organization never', async () => {
      const own = await buildOrganization(it.store)
      const keys = [1, 2, 3].map((i) =>
        newKey({ orgId: own.organization.id, createdAt: i, mailboxId: i === 3 ? ('box' as MailboxId) : null }),
      )
      await it.write(async (tx) => {
        for (const key of keys) await tx.accounts.insertKey(key)
      })
      const list = it.store.read.accounts.keys
      expect(await list(wholeReach(own.organization.id), { limit: 2 })).toEqual({ items: [keys[2], keys[1]], total: 3 })
      const after = { at: 2, id: keys[1]!.id }
      expect(await list(wholeReach(own.organization.id), { limit: 5, after })).toEqual({ items: [keys[0]], total: 3 })
      expect(await list({ ...wholeReach(own.organization.id), mailboxId: 'box' as MailboxId }, { limit: 5 })).toEqual({
        items: [keys[2]],
        total: 1,
      })
      expect(await list(wholeReach(own.organization.id), { limit: 0 })).toEqual({ items: [], total: 3 })
      expect(await list(wholeReach(newId<OrgId>()), { limit: 5 })).toEqual({ items: [], total: 0 })
    })

    test('two keys never share a hash', async () => {
      const key = newKey()
      await it.store.run('accounts.create-key', { key })
      await expect(it.store.run('accounts.create-key', { key: newKey({ hash: key.hash }) })).rejects.toThrow()
    })

    test('a key is deleted in its own organization only', async () => {
      const key = newKey()
      await it.store.run('accounts.create-key', { key })
      const { deleted, foreign } = await it.write(async (tx) => ({
        foreign: await tx.accounts.deleteKey(newId<OrgId>(), key.id),
        deleted: await tx.accounts.deleteKey(key.orgId, key.id),
      }))
      expect({ deleted, foreign }).toEqual({ deleted: true, foreign: false })
      expect(await it.store.read.accounts.key(key.orgId, key.id)).toBeUndefined()
    })

    test('what becomes of a key on one node holds at once on another', async () => {
      const another = await it.openAnother()
      const key = newKey({ permissions: null })
      await it.store.run('accounts.create-key', { key })
      expect(await another.read.accounts.keyByHash(key.hash)).toEqual(key)
      const change = { name: 'renamed', permissions: ['message_read' as const] }
      await it.store.run('accounts.update-key', { orgId: key.orgId, id: key.id, change })
      expect(await another.read.accounts.keyByHash(key.hash)).toMatchObject(change)
      await it.store.run('accounts.delete-key', { orgId: key.orgId, id: key.id })
      expect(await another.read.accounts.keyByHash(key.hash)).toBeUndefined()
      await another[Symbol.asyncDispose]()
    })

    test('keys are seen from inside a project when they open no more than it', async () => {
      const own = await buildOrganization(it.store)
      const place = { orgId: own.organization.id, projectId: own.project.id }
      const keys = [
        newKey(place),
        newKey({ ...place, projectOnly: true }),
        newKey({ ...place, mailboxId: 'box' as MailboxId }),
      ]
      await it.write(async (tx) => {
        for (const key of keys) await tx.accounts.insertKey(key)
      })
      const inside = await it.store.read.accounts.keys({ ...place, mailboxId: null }, { limit: 9 })
      expect(inside.items.map(({ id }) => id).toSorted()).toEqual([keys[1]!.id, keys[2]!.id].toSorted())
      expect((await it.store.read.accounts.keys(wholeReach(place.orgId), { limit: 9 })).total).toBe(3)
    })

    test('a use of a key never moves back', async () => {
      const key = newKey()
      await it.store.run('accounts.create-key', { key })
      for (const usedAt of [50, 20, 60, 55]) {
        await it.store.run('accounts.touch-keys', { uses: [{ id: key.id, usedAt }] })
      }
      expect((await it.store.read.accounts.key(key.orgId, key.id))?.usedAt).toBe(60)
    })

    test('twenty keys made at once never pass the limit of a hundred', async () => {
      const own = await buildOrganization(it.store)
      const orgId = own.organization.id
      await it.write(async (tx) => {
        for (let i = 0; i < 90; i++) await tx.accounts.insertKey(newKey({ orgId }))
      })
      const made = await Promise.allSettled(
        Array.from({ length: 20 }, () =>
          it.store.run('accounts.create-key', { key: newKey({ orgId, projectId: own.project.id }) }),
        ),
      )
      expect(made.filter((m) => m.status === 'fulfilled')).toHaveLength(10)
      expect((await it.store.read.accounts.keys(wholeReach(orgId), { limit: 0 })).total).toBe(100)
    })
  })
}
