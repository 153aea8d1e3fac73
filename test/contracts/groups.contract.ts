import { beforeAll, describe, expect, test } from 'vitest'
import { Failure } from '../../src/core/errors.ts'
import { type MailboxId, newId, type OrgId, type ThreadId } from '../../src/core/ids.ts'
import { buildMailbox, buildOrganization, fileMail, newMailbox, wholeReach } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function groupsContract(opened: () => Opened): void {
  describe('commands that run at once', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })

    test('one that is refused leaves nothing behind and takes no other with it', async () => {
      const owner = await buildOrganization(it.store)
      const first = await buildMailbox(it.store, owner)
      const clash = newMailbox(owner, { localPart: first.localPart })
      const results = await Promise.allSettled([
        buildMailbox(it.store, owner),
        it.store.run('mailboxes.create', clash),
        buildMailbox(it.store, owner),
        it.store.run('mailboxes.create', clash),
        fileMail(it.store, first),
      ])
      expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
      expect((await it.store.read.mailboxes.list(wholeReach(owner.organization.id), { limit: 9 })).total).toBe(3)
      expect((await it.store.read.accounts.usage(owner.organization.id)).mailboxes).toBe(3)
    })

    test('a refusal comes back as the same Failure, with its details', async () => {
      const orgId = newId<OrgId>()
      const refusal = await it.store
        .run('threads.delete', { orgId, mailboxId: newId<MailboxId>(), id: newId<ThreadId>() })
        .catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(Failure)
      expect(refusal).toMatchObject({ code: 'not_found', message: 'No such thread', issues: [] })
    })

    test('a bug comes back as an error, and the store goes on', async () => {
      const broken = it.store.run('accounts.create-organization', { name: { odd: 1 } } as never)
      await expect(broken).rejects.toThrow()
      await expect(broken).rejects.not.toBeInstanceOf(Failure)
      await buildMailbox(it.store)
      await it.store.ping()
    })

    test('a closed store refuses', async () => {
      const other = await it.openAnother()
      await other[Symbol.asyncDispose]()
      await expect(other.run('idempotency.sweep', {})).rejects.toMatchObject({ code: 'unavailable' })
      await other[Symbol.asyncDispose]()
    })

    test('what runs when the store is closed is still answered', async () => {
      const other = await it.openAnother()
      const running = Array.from({ length: 20 }, () =>
        buildOrganization(other)
          .then(() => 'made')
          .catch(() => 'refused'),
      )
      await other[Symbol.asyncDispose]()
      expect(new Set(await Promise.all(running)).size).toBeGreaterThan(0)
    })

    test('two nodes may write at once', async () => {
      const other = await it.openAnother()
      const box = await buildMailbox(it.store)
      await Promise.all(Array.from({ length: 60 }, (_, i) => fileMail(i % 2 ? other : it.store, box)))
      expect((await it.store.read.mailboxes.get(box.orgId, box.id))?.messageCount).toBe(60)
      await other[Symbol.asyncDispose]()
    })
  })
}
