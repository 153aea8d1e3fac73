import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Project } from '../../src/core/accounts/model.ts'
import { type ApiKeyId, type DomainId, newId, type OrgId, type ProjectId } from '../../src/core/ids.ts'
import { buildMailbox, buildOrganization, type Owner, unique, wholeReach } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function projectsContract(opened: () => Opened): void {
  describe('projects', () => {
    let it: Opened
    let owner: Owner
    beforeAll(async () => {
      it = opened()
      owner = await buildOrganization(it.store)
    })
    const create = (fields: { clientId?: string | null; orgId?: OrgId } = {}) =>
      it.store.run('accounts.create-project', {
        ...{ orgId: owner.organization.id, name: unique('project'), clientId: null },
        ...fields,
      })
    const made = async () => (await create()).project
    const remove = ({ orgId, id }: Project) => it.store.run('accounts.delete-project', { orgId, id })

    test('a project is read as it was made, in its organization only', async () => {
      const { project, created } = await create({ clientId: 'mine' })
      expect(created).toBe(true)
      expect(project).toMatchObject({ clientId: 'mine', isDefault: false, createdAt: it.clock.now() })
      const { projects } = it.store.read
      expect(await projects.get(project.orgId, project.id)).toEqual(project)
      expect(await projects.byClientId(project.orgId, 'mine')).toEqual(project)
      expect(await projects.get(newId<OrgId>(), project.id)).toBeUndefined()
      expect(await projects.byClientId(newId<OrgId>(), 'mine')).toBeUndefined()
      expect(await projects.byClientId(project.orgId, 'yours')).toBeUndefined()
    })

    test('twenty of one client id at once are one, and another organization has its own', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => create({ clientId: 'once' })))
      expect(answers.filter(({ created }) => created)).toHaveLength(1)
      expect(new Set(answers.map(({ project }) => project.id)).size).toBe(1)
      const other = await buildOrganization(it.store)
      expect((await create({ clientId: 'once', orgId: other.organization.id })).created).toBe(true)
    })

    test('a list shows what is in reach, newest first', async () => {
      const own = await buildOrganization(it.store)
      const orgId = own.organization.id
      const rows = [own.project]
      for (let i = 0; i < 3; i++) {
        it.clock.advance(1)
        rows.unshift((await create({ orgId })).project)
      }
      const { list } = it.store.read.projects
      expect(await list(wholeReach(orgId), { limit: 9 })).toEqual({ items: rows, total: 4 })
      const after = { at: rows[0]!.createdAt, id: rows[0]!.id }
      expect((await list(wholeReach(orgId), { limit: 2, after })).items).toEqual(rows.slice(1, 3))
      const inside = { ...wholeReach(orgId), projectId: rows[1]!.id }
      expect(await list(inside, { limit: 9 })).toEqual({ items: [rows[1]], total: 1 })
      const box = await buildMailbox(it.store, own)
      expect(await list({ ...inside, mailboxId: box.id }, { limit: 9 })).toEqual({ items: [], total: 0 })
    })

    test('an organization has at most a thousand, however many are made at once', async () => {
      const { organization } = await buildOrganization(it.store)
      const orgId = organization.id
      const rest = { name: 'x', clientId: null, isDefault: false, createdAt: 1, updatedAt: 1 }
      await it.write(async (tx) => {
        for (let i = 0; i < 995; i++) await tx.projects.insert({ id: newId<ProjectId>(), orgId, ...rest })
      })
      const tried = await Promise.allSettled(Array.from({ length: 10 }, () => create({ orgId })))
      expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
      expect((await it.store.read.projects.list(wholeReach(orgId), { limit: 0 })).total).toBe(1000)
    })

    test('the default project, and one with anything in it, cannot be deleted', async () => {
      await expect(remove(owner.project)).rejects.toMatchObject({ code: 'in_use' })
      const project = await made()
      const place = { orgId: project.orgId, projectId: project.id }
      const box = await buildMailbox(it.store, { ...owner, project })
      await expect(remove(project)).rejects.toMatchObject({ code: 'in_use', message: expect.stringContaining('mail') })
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      const name = `${unique('inside')}.test`
      const domain = { id: newId<DomainId>(), ...place, name, feedbackEnabled: null, keys: [] }
      await it.store.run('domains.create', domain)
      await expect(remove(project)).rejects.toMatchObject({ code: 'in_use' })
      await it.store.run('domains.delete', { orgId: project.orgId, name })
      const key = await it.store.run('accounts.create-key', {
        key: {
          ...{ id: newId<ApiKeyId>(), ...place, projectOnly: true, mailboxId: null, name: 'k', publicPart: 'p' },
          ...{ hash: randomUUID(), scopes: ['admin'], permissions: null, expiresAt: null },
        },
      })
      await expect(remove(project)).rejects.toMatchObject({ code: 'in_use' })
      await it.store.run('accounts.delete-key', { orgId: key.orgId, id: key.id })
      await remove(project)
      await expect(remove(project)).rejects.toMatchObject({ code: 'not_found' })
    })

    test('of a deletion and ten mailboxes made at once, either the project goes or they stay in it', async () => {
      for (let round = 0; round < 5; round++) {
        const project = await made()
        const [gone, ...boxes] = await Promise.allSettled([
          remove(project),
          ...Array.from({ length: 10 }, () => buildMailbox(it.store, { ...owner, project })),
        ])
        const stored = boxes.filter(({ status }) => status === 'fulfilled')
        expect(stored.length > 0).toBe(gone?.status === 'rejected')
        const there = await it.store.read.projects.get(project.orgId, project.id)
        expect(there !== undefined).toBe(stored.length > 0)
      }
    })

    test('where mailboxes are is known until they are purged', async () => {
      const project = await made()
      const box = await buildMailbox(it.store, { ...owner, project })
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      const { placesOf } = it.store.read.mailboxes
      expect(await placesOf([box.id])).toEqual(new Map([[box.id, { projectId: project.id, address: box.address }]]))
      await it.store.run('mailboxes.purge', { id: box.id, limit: 10 })
      expect(await placesOf([box.id])).toEqual(new Map())
    })
  })
}
