import { beforeAll, describe, expect, test } from 'vitest'
import type { Failure } from '../../src/core/errors.ts'
import { type MailboxId, newId, type OrgId } from '../../src/core/ids.ts'
import type { Job } from '../../src/core/jobs/model.ts'
import {
  buildMailbox,
  buildOrganization,
  fileMail,
  newMailbox,
  newOutbound,
  newPart,
  type Owner,
  reachInto,
  readMail,
  wholeReach,
} from '../support/builders.ts'
import type { Opened } from './open.ts'

export function mailboxesContract(opened: () => Opened): void {
  describe('mailboxes', () => {
    let it: Opened
    let owner: Owner
    beforeAll(async () => {
      it = opened()
      owner = await buildOrganization(it.store)
    })

    test('a mailbox is read as it was made, by id in its organization and by address anywhere', async () => {
      const box = await buildMailbox(it.store, owner, { displayName: 'Ada', clientId: 'ada-1' })
      const { mailboxes } = it.store.read
      expect(await mailboxes.get(box.orgId, box.id)).toEqual(box)
      expect(await mailboxes.byAddress(box.address)).toEqual(box)
      expect(await mailboxes.byClientId(box.orgId, 'ada-1')).toEqual(box)
      expect(box).toMatchObject({ displayName: 'Ada', enabled: true, messageCount: 0, createdAt: it.clock.now() })
    })

    test('what catches all of a domain leads to one mailbox, until it is cleared or the mailbox is deleted', async () => {
      const [first, second] = [await buildMailbox(it.store, owner), await buildMailbox(it.store, owner)]
      const key = { orgId: first.orgId, domain: 'caught.test' }
      await it.store.run('domains.ensure-platform', { name: key.domain })
      const caught = async () => (await it.store.read.mailboxes.byAddress('@caught.test'))?.id
      for (const { id } of [first, second]) {
        await it.store.run('mailboxes.set-catch-all', { ...key, id })
        expect(await caught()).toBe(id)
      }
      await it.store.run('mailboxes.clear-catch-all', key)
      expect(await caught()).toBeUndefined()
      await expect(it.store.run('mailboxes.clear-catch-all', key)).rejects.toMatchObject({ code: 'not_found' })
      await it.store.run('mailboxes.set-catch-all', { ...key, id: first.id })
      await it.store.run('mailboxes.delete', { orgId: first.orgId, id: first.id })
      expect(await caught()).toBeUndefined()
    })

    test('a mailbox whose time is over is nowhere to be seen, takes no mail, and is deleted when somebody looks', async () => {
      const { mailboxes } = it.store.read
      const own = await buildOrganization(it.store)
      const expiresAt = it.clock.now() + 1000
      const box = await buildMailbox(it.store, own, { expiresAt, clientId: 'brief' })
      const { messageId } = await fileMail(it.store, box)
      const [part] = (await it.store.read.messages.get(box.id, messageId))?.attachments ?? []
      expect(part).toBeUndefined()
      it.clock.advance(999)
      expect(await mailboxes.get(box.orgId, box.id)).toMatchObject({ id: box.id, expiresAt })
      expect(await mailboxes.expired(10)).toEqual([])
      it.clock.advance(1)
      expect(await mailboxes.get(box.orgId, box.id)).toBeUndefined()
      expect(await mailboxes.byAddress(box.address)).toBeUndefined()
      expect(await mailboxes.byClientId(box.orgId, 'brief')).toBeUndefined()
      expect((await mailboxes.list(wholeReach(box.orgId), { limit: 10 })).items).toEqual([])
      await expect(fileMail(it.store, box)).rejects.toThrow('gone')
      expect(await mailboxes.expired(10)).toEqual([{ orgId: box.orgId, id: box.id }])
      await it.store.run('mailboxes.expire', { orgId: box.orgId, id: box.id })
      expect(await mailboxes.expired(10)).toEqual([])
      await it.store.run('mailboxes.expire', { orgId: box.orgId, id: box.id })
      expect(await buildMailbox(it.store, own, { localPart: box.localPart })).toMatchObject({ address: box.address })
    })

    test('a living mailbox is not deleted by the sweep', async () => {
      const box = await buildMailbox(it.store, owner, { expiresAt: it.clock.now() + 1000 })
      await it.store.run('mailboxes.expire', { orgId: box.orgId, id: box.id })
      expect(await it.store.read.mailboxes.get(box.orgId, box.id)).toBeDefined()
    })

    test('another organization finds nothing by id or by client id', async () => {
      const box = await buildMailbox(it.store, owner, { clientId: 'ada-2' })
      const stranger = newId<OrgId>()
      expect(await it.store.read.mailboxes.get(stranger, box.id)).toBeUndefined()
      expect(await it.store.read.mailboxes.byClientId(stranger, 'ada-2')).toBeUndefined()
      expect(await it.store.read.mailboxes.list(wholeReach(stranger), { limit: 9 })).toEqual({ items: [], total: 0 })
    })

    test('mailboxes are listed newest first, by offset and behind a cursor', async () => {
      const own = await buildOrganization(it.store)
      const made = []
      for (let i = 0; i < 5; i++) {
        it.clock.advance(i % 2)
        made.unshift(await buildMailbox(it.store, own))
      }
      // Two of one moment stand in the order of their ids.
      made.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
      const list = it.store.read.mailboxes.list
      const org = wholeReach(own.organization.id)
      expect(await list(org, { limit: 9 })).toEqual({ items: made, total: 5 })
      expect(await list(org, { limit: 2, offset: 1 })).toEqual({ items: made.slice(1, 3), total: 5 })
      const after = { at: made[1]!.createdAt, id: made[1]!.id }
      expect((await list(org, { limit: 2, after })).items).toEqual(made.slice(2, 4))
      expect((await list(org, { limit: 9, ascending: true })).items).toEqual(made.toReversed())
      expect((await list(org, { limit: 9, ascending: true, after })).items).toEqual(made.slice(0, 1))
    })

    test('a list is confined to a project, or to a mailbox', async () => {
      const own = await buildOrganization(it.store)
      const here = await buildMailbox(it.store, own)
      const place = { orgId: own.organization.id, name: 'there', clientId: null }
      const { project } = await it.store.run('accounts.create-project', place)
      const there = await buildMailbox(it.store, { ...own, project })
      const { list } = it.store.read.mailboxes
      const all = wholeReach(own.organization.id)
      expect((await list(all, { limit: 9 })).total).toBe(2)
      expect(await list({ ...all, projectId: there.projectId }, { limit: 9 })).toEqual({ items: [there], total: 1 })
      expect(await list({ ...all, mailboxId: here.id }, { limit: 9 })).toEqual({ items: [here], total: 1 })
      const neither = { ...all, projectId: there.projectId, mailboxId: here.id }
      expect(await list(neither, { limit: 9 })).toEqual({ items: [], total: 0 })
    })

    test('an address is taken for everybody', async () => {
      const box = await buildMailbox(it.store, owner)
      const other = newMailbox(await buildOrganization(it.store), { localPart: box.localPart })
      await expect(it.store.run('mailboxes.create', other)).rejects.toMatchObject({ name: 'Failure', code: 'taken' })
    })

    test('the same client id answers the same mailbox', async () => {
      const input = newMailbox(owner, { clientId: 'twin' })
      const made = await Promise.all([1, 2, 3, 4].map(() => it.store.run('mailboxes.create', input)))
      expect(new Set(made.map((m) => m.mailbox.id)).size).toBe(1)
      expect(made.filter((m) => m.created)).toHaveLength(1)
    })

    test('twenty made at once never pass a limit together', async () => {
      const limited = await buildOrganization(it.store, { mailboxLimit: 7 })
      const made = await Promise.allSettled(Array.from({ length: 20 }, () => buildMailbox(it.store, limited)))
      const refused = made.filter((m) => m.status === 'rejected').map((m) => (m.reason as Failure).code)
      expect(refused).toEqual(Array(13).fill('limit_reached'))
      expect(
        (await it.store.read.mailboxes.list(wholeReach(limited.organization.id), { limit: 50 })).items,
      ).toHaveLength(7)
    })

    test('an update changes what it names', async () => {
      const box = await buildMailbox(it.store, owner)
      it.clock.advance(5)
      const change = {
        displayName: 'New',
        enabled: false,
        metadata: { run: 7, live: true },
        expiresAt: it.clock.now() + 9,
      }
      const input = { orgId: box.orgId, id: box.id, change }
      const changed = await it.store.run('mailboxes.update', input)
      expect(changed).toEqual({ ...box, ...change, updatedAt: it.clock.now() })
      expect(await it.store.read.mailboxes.get(box.orgId, box.id)).toEqual(changed)
    })

    test('times strictly increase although the clock stands or goes back', async () => {
      const box = await buildMailbox(it.store, owner)
      const times = await it.write(async (tx) => {
        const all = []
        for (const now of [100, 100, 90, 200, 150]) all.push(await tx.mailboxes.nextTime(box.id, now))
        return all
      })
      expect(times).toEqual([100, 101, 102, 200, 201])
      expect(await it.write((tx) => tx.mailboxes.nextTime(newId<MailboxId>(), 1))).toBeUndefined()
    })

    test('a deleted mailbox is nowhere to be seen, and its address is free', async () => {
      const box = await buildMailbox(it.store, owner, { clientId: 'gone' })
      const { attachmentId } = await fill(it, box)
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      const { mailboxes, messages } = it.store.read
      expect(await mailboxes.get(box.orgId, box.id)).toBeUndefined()
      expect(await mailboxes.byAddress(box.address)).toBeUndefined()
      expect(await mailboxes.byClientId(box.orgId, 'gone')).toBeUndefined()
      expect(await messages.part(box.orgId, attachmentId)).toBeUndefined()
      const copies = [{ mailbox: box, rcptTo: [box.address] }]
      const filed = await it.store.run('messages.file', { mail: readMail(), copies, host: 'h' })
      expect(filed).toEqual([{ mailboxId: box.id, result: 'gone' }])
      const again = await buildMailbox(it.store, owner, { localPart: box.localPart, clientId: 'gone' })
      expect(again.id).not.toBe(box.id)
    })

    test('the purge erases everything that a mailbox held and names all its blobs', async () => {
      const box = await buildMailbox(it.store, owner)
      const held = await fill(it, box)
      const kept = await fileMail(it.store, await buildMailbox(it.store, owner))
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      let bites = 0
      while (!(await it.store.run('mailboxes.purge', { id: box.id, limit: 2 })).done) bites++
      expect(bites).toBeGreaterThan(3)
      const { messages, threads, outbound } = it.store.read
      expect((await messages.list(box.id, everything, { limit: 50 })).items).toEqual([])
      expect((await threads.list(reachInto(box), everything, { limit: 50 })).items).toEqual([])
      expect(await messages.content(held.messageId)).toBeUndefined()
      expect(await outbound.ofMessage(held.sentId)).toEqual([])
      expect((await outbound.captured({ ...wholeReach(box.orgId), mailboxId: box.id }, { limit: 9 })).total).toBe(0)
      const erased = await erasedBlobs(it)
      expect(held.blobs.filter((key) => !erased.has(key))).toEqual([])
      expect(erased.has(kept.mail.blobKey)).toBe(false)
      expect(await it.store.run('mailboxes.purge', { id: box.id, limit: 2 })).toEqual({ done: true })
    })

    test('a live mailbox is never purged', async () => {
      const box = await buildMailbox(it.store, owner)
      const { messageId } = await fileMail(it.store, box)
      await it.store.run('mailboxes.purge', { id: box.id, limit: 10 })
      expect(await it.store.read.messages.get(box.id, messageId)).toBeDefined()
    })

    test('mailboxes are searched by what is in their address and display name', async () => {
      const own = await buildOrganization(it.store)
      const desk = await buildMailbox(it.store, own, { displayName: 'Front Desk 100%' })
      it.clock.advance(1)
      const sales = await buildMailbox(it.store, own, { displayName: null })
      const reach = wholeReach(own.organization.id)
      const ids = async (words: string[], limit = 9) =>
        (await it.store.read.mailboxes.search(reach, words, limit)).map(({ id }) => id)
      expect(await ids(['front', 'des'])).toEqual([desk.id])
      expect(await ids(['100%'])).toEqual([desk.id])
      expect(await ids([sales.localPart])).toEqual([sales.id])
      expect(await ids(['posthouse'])).toEqual([sales.id, desk.id])
      expect(await ids(['posthouse'], 1)).toEqual([sales.id])
      expect(await ids(['%'])).toEqual([desk.id])
      expect([...(await it.store.read.mailboxes.withIds([desk.id, sales.id])).keys()].sort()).toEqual(
        [desk.id, sales.id].sort(),
      )
      await it.store.run('mailboxes.delete', { orgId: desk.orgId, id: desk.id })
      expect(await ids(['front'])).toEqual([])
      expect((await it.store.read.mailboxes.withIds([desk.id])).size).toBe(0)
    })

    test('notes merge, however many change them at once', async () => {
      const box = await buildMailbox(it.store, owner)
      const change = (mergeMetadata: Record<string, string | null> | null) =>
        it.store.run('mailboxes.update', { orgId: box.orgId, id: box.id, change: { mergeMetadata } })
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => change({ [name]: name })))
      expect((await change({ a: null })).metadata).toEqual({ b: 'b', c: 'c', d: 'd' })
      expect((await change(null)).metadata).toEqual({})
    })
  })
}

const everything = { includeSpam: true, includeBlocked: true, includeTrashed: true }

/** Five mails, one with attachment and labels, one sent and captured. */
async function fill({ store }: Opened, box: Parameters<typeof fileMail>[1]) {
  const filed = []
  for (let i = 0; i < 5; i++) filed.push(await fileMail(store, box, i === 0 ? { attachments: [newPart()] } : {}))
  const { messageId } = filed[0]!
  await store.run('messages.label', { mailboxId: box.id, id: messageId, change: { labels: ['a', 'b'] } })
  const attachmentId = (await store.read.messages.get(box.id, messageId))!.attachments[0]!.id
  const outbound = newOutbound(box)
  await store.run('outbound.enqueue', outbound)
  const claimed = await store.run('outbound.claim', { leaseMs: 1000, limit: 1000 })
  const delivery = claimed.find((d) => d.messageId === outbound.message.id)!
  await store.run('outbound.record', {
    mailboxId: box.id,
    messageId: delivery.messageId,
    outcomes: [{ id: delivery.id, status: 'captured', nextAttemptAt: null, attempt: null }],
    captured: {
      id: delivery.id as never,
      orgId: box.orgId,
      mailboxId: box.id,
      messageId: delivery.messageId,
      mailFrom: box.address,
      recipients: ['ada@example.com'],
      sizeBytes: 10,
      blobKey: outbound.message.blobKey,
      createdAt: 1,
    },
  })
  const blobs = [...filed.map((f) => f.mail.blobKey), outbound.message.blobKey]
  return { messageId, attachmentId, sentId: outbound.message.id, blobs }
}

async function erasedBlobs({ store }: Opened): Promise<Set<string>> {
  const jobs: Job[] = await store.run('jobs.claim', { leaseMs: 1, limit: 1000 })
  return new Set(jobs.flatMap((job) => (job.task.kind === 'delete-blobs' ? job.task.keys : [])))
}
