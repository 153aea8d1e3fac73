import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ImapSourceId, newId, type OrgId } from '../../src/core/ids.ts'
import type { NewImapSource } from '../../src/core/imap-sources/commands.ts'
import type { FetchedMark, ImapSource } from '../../src/core/imap-sources/model.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Store } from '../../src/core/store.ts'
import { buildMailbox, readMail, unique } from '../support/builders.ts'
import type { Opened } from './open.ts'

const MINUTE = 60_000

export function imapSourcesContract(opened: () => Opened): void {
  describe('IMAP sources', () => {
    let it: Opened
    let box: Mailbox
    beforeAll(() => {
      it = opened()
    })
    beforeEach(async () => {
      // What other tests left is nobody's turn.
      it.clock.advance(10 * MINUTE)
      for (const { id } of await claim(1000)) await end({ id, lease: 'test' })
      box = await buildMailbox(it.store)
    })
    const make = (fields: Partial<NewImapSource> = {}) =>
      it.store.run('imap-sources.create', {
        ...{ id: newId<ImapSourceId>(), orgId: box.orgId, mailboxId: box.id, host: 'imap.example.com', port: 993 },
        ...{ useSsl: true, username: 'ada', folder: 'INBOX', sealedPassword: 'sealed', keyId: 'key' },
        ...{ fetchIntervalMinutes: 5, afterFetchAction: 'read' as const },
        ...fields,
      })
    const claim = (limit = 10, except: OrgId[] = [], store: Store = it.store, lease = 'test') =>
      store.run('imap-sources.claim', { lease, leaseMs: MINUTE, limit, except })
    const claimOne = (id: ImapSourceId, lease = 'test') =>
      it.store.run('imap-sources.claim-one', { id, lease, leaseMs: MINUTE })
    const end = ({ id, lease }: { id: ImapSourceId; lease: string | null }) =>
      it.store.run('imap-sources.finish', {
        ...{ sourceId: id, lease: lease ?? '', fetched: 3, ingested: 2, problem: null, failures: 0 },
        waitMs: 24 * 60 * MINUTE,
      })
    const look = ({ id }: { id: ImapSourceId }) => it.store.read.imapSources.get(box.id, id)
    const markOf = ({ id }: ImapSource, uid: number, fields: Partial<FetchedMark> = {}): FetchedMark => ({
      ...{ sourceId: id, lease: 'test', uidValidity: '7', uid, acts: true },
      ...fields,
    })
    const file = (fetched: FetchedMark, mail = readMail({ source: 'imap' })) =>
      it.store.run('messages.file', {
        ...{ mail, host: 'posthouse.test', fetched },
        copies: [{ mailbox: box, rcptTo: [box.address] }],
      })

    test('a source is kept as it was made, and listed with its mailbox', async () => {
      const first = await make()
      it.clock.advance(1)
      const second = await make({ username: 'bob' })
      expect(await look(first)).toEqual(first)
      expect(first).toMatchObject({ position: { uidValidity: null, lastUid: 0, pending: [] }, updatedAt: null })
      const { list, counts, get } = it.store.read.imapSources
      expect(await list(box.id, { limit: 10 })).toEqual({ items: [first, second], total: 2 })
      expect(await list(box.id, { limit: 1, offset: 1 })).toEqual({ items: [second], total: 2 })
      expect(await list(box.id, { limit: 0 })).toEqual({ items: [], total: 2 })
      const other = await buildMailbox(it.store)
      expect(await counts([box.id, other.id])).toEqual(new Map([[box.id, 2]]))
      expect(await counts([])).toEqual(new Map())
      expect(await get(other.id, first.id)).toBeUndefined()
    })

    test('a mailbox has one source for a host, user and folder, whoever asks at once', async () => {
      const outcomes = await Promise.allSettled([make(), make({ username: 'ADA' }), make({ port: 143 })])
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' })
      }
      const second = await make({ folder: 'Archive' })
      await expect(change(second, { folder: 'INBOX' })).rejects.toMatchObject({ code: 'conflict' })
      expect(await change(second, { folder: 'archive' })).toMatchObject({ folder: 'archive' })
      const elsewhere = await buildMailbox(it.store)
      expect(await make({ mailboxId: elsewhere.id, orgId: elsewhere.orgId })).toMatchObject({ username: 'ada' })
      await expect(make({ id: second.id, username: 'new' })).rejects.toMatchObject({ code: 'conflict' })
      await expect(make({ orgId: elsewhere.orgId })).rejects.toMatchObject({ code: 'not_found' })
    })
    const change = (source: ImapSource, fields: Partial<NewImapSource>) =>
      it.store.run('imap-sources.update', {
        ...{ mailboxId: source.mailboxId, id: source.id, seen: source.updatedAt, change: fields },
      })

    test('a due source is given to one, until it ends or its time is over', async () => {
      const source = await make()
      expect(await claim()).toEqual([])
      expect(await it.store.read.imapSources.nextDue([])).toBe(source.nextFetchAt)
      it.clock.advance(MINUTE)
      expect(await claim(10, [box.orgId])).toEqual([])
      expect(await it.store.read.imapSources.nextDue([box.orgId])).not.toBe(source.nextFetchAt)
      expect(await claim()).toEqual([{ ...source, lease: 'test', leaseUntil: it.clock.now() + MINUTE }])
      expect([await claim(), await claimOne(source.id, 'other')]).toEqual([[], undefined])
      it.clock.advance(MINUTE)
      expect(await claim(10, [], it.store, 'second')).toMatchObject([{ id: source.id, lease: 'second' }])
      await end({ id: source.id, lease: 'test' })
      expect(await look(source)).toMatchObject({ lease: 'second', lastFetchAt: null })
      await end({ id: source.id, lease: 'second' })
      const now = it.clock.now()
      expect(await look(source)).toMatchObject({
        ...{ lease: null, leaseUntil: null, nextFetchAt: now + 24 * 60 * MINUTE, lastFetchAt: now, lastSuccessAt: now },
        ...{ lastError: null, lastFetched: 3, lastIngested: 2 },
      })
      expect(await claimOne(source.id)).toMatchObject({ id: source.id, lease: 'test' })
      await it.store.run('imap-sources.release', { lease: 'test' })
      expect(await look(source)).toMatchObject({ lease: null, nextFetchAt: now + 24 * 60 * MINUTE })
    })

    test('nodes that claim at once never get the same', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, () => make({ username: unique('user') })))
      it.clock.advance(MINUTE)
      const other = await it.openAnother()
      const rounds = Array.from({ length: 10 }, (_, i) => claim(4, [], i % 2 ? it.store : other, `lease ${i}`))
      const claimed = (await Promise.all(rounds)).flat().map(({ id }) => id)
      await other[Symbol.asyncDispose]()
      expect(new Set(claimed).size).toBe(claimed.length)
      expect(claimed.length).toBeGreaterThan(0)
      const ids = new Set(made.map(({ id }) => id))
      expect(claimed.every((id) => ids.has(id))).toBe(true)
      await it.store.run('imap-sources.release', { lease: null })
    })

    test('a message and how far the folder is read are on record together', async () => {
      const source = await make()
      await claimOne(source.id)
      expect(await file(markOf(source, 4))).toMatchObject([{ result: 'stored' }])
      expect(await file(markOf(source, 5, { acts: false }))).toMatchObject([{ result: 'stored' }])
      await it.store.run('imap-sources.pass', markOf(source, 9))
      expect((await look(source))?.position).toEqual({ uidValidity: '7', lastUid: 9, pending: [4] })
      await it.store.run('imap-sources.settle', { sourceId: source.id, lease: 'test', uids: [4, 5] })
      expect((await look(source))?.position).toEqual({ uidValidity: '7', lastUid: 9, pending: [] })
      await it.store.run('imap-sources.pass', markOf(source, 2, { uidValidity: '8' }))
      expect((await look(source))?.position).toEqual({ uidValidity: '8', lastUid: 2, pending: [] })
    })

    test('nothing is filed for a fetch that has lost its source', async () => {
      const source = await make()
      await claimOne(source.id)
      for (const lost of [markOf(source, 4, { lease: 'another' }), markOf({ ...source, id: newId() }, 4)]) {
        await expect(file(lost)).rejects.toMatchObject({ code: 'conflict' })
      }
      await change(source, { username: 'bob' })
      await expect(file(markOf(source, 4))).rejects.toMatchObject({ code: 'conflict' })
      expect((await it.store.read.messages.list(box.id, {}, { limit: 1 })).total).toBe(0)
    })

    test('what is fetched twice is filed once, with or without a name', async () => {
      const source = await make()
      await claimOne(source.id)
      for (const messageId of [null, '<a@example.com>']) {
        const mail = readMail({ source: 'imap', messageId })
        expect(await file(markOf(source, 1), mail)).toMatchObject([{ result: 'stored' }])
        expect(await file(markOf(source, 1), mail)).toMatchObject([{ result: 'duplicate' }])
      }
    })

    test('another place begins anew; anything else goes on', async () => {
      let source = await make()
      await claimOne(source.id)
      await file(markOf(source, 4))
      const changed = async (fields: Partial<NewImapSource>) => {
        it.clock.advance(1)
        source = await change((await look(source))!, fields)
        return source.position
      }
      const read = { uidValidity: '7', lastUid: 4, pending: [4] }
      expect(await changed({ fetchIntervalMinutes: 60 })).toEqual(read)
      expect(await changed({ sealedPassword: 'another' })).toEqual(read)
      expect(source).toMatchObject({ failures: 0, nextFetchAt: it.clock.now() + MINUTE, updatedAt: it.clock.now() })
      expect(await changed({ afterFetchAction: 'none' })).toEqual({ ...read, pending: [] })
      expect(await changed({ folder: 'Archive' })).toEqual({ uidValidity: null, lastUid: 0, pending: [] })
      const stale = { ...source, updatedAt: source.updatedAt! - 1 }
      await expect(change(stale, { folder: 'X' })).rejects.toMatchObject({ code: 'conflict' })
    })

    test('a source goes with its mailbox, or alone', async () => {
      const [first, second] = [await make(), await make({ folder: 'Archive' })]
      const gone = { mailboxId: box.id, id: first.id }
      await it.store.run('imap-sources.delete', gone)
      await expect(it.store.run('imap-sources.delete', gone)).rejects.toMatchObject({ code: 'not_found' })
      await expect(
        it.store.run('imap-sources.delete', { ...gone, mailboxId: newId(), id: second.id }),
      ).rejects.toMatchObject({ code: 'not_found' })
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      expect(await look(second)).toBeUndefined()
    })
  })
}
