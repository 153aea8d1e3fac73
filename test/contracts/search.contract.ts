import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId, type OrgId } from '../../src/core/ids.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Search, SearchQuery } from '../../src/core/messages/search-store.ts'
import { buildMailbox, buildOrganization, content, fileMail, newOutbound } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function searchContract(opened: () => Opened): void {
  describe('search', () => {
    let it: Opened
    let search: Search
    let box: Mailbox
    beforeAll(async () => {
      it = opened()
      box = await buildMailbox(it.store)
      search = await it.openSearch()
    })
    afterAll(() => search[Symbol.asyncDispose]())

    const mail = (subject: string, text: string, mailbox = box) =>
      fileMail(it.store, mailbox, { subject, content: content({ text }) }).then((filed) => filed.messageId)
    const find = async (text: string, query: Partial<SearchQuery> = {}) => {
      await search.caughtUp()
      return search.find({ orgId: box.orgId, mailboxId: box.id, text, limit: 50, ...query })
    }

    test('a message is found by the words of its subject, its people and its body', async () => {
      const id = await mail('Quarterly zebra', 'The giraffe is 4.50 m tall')
      expect(await find('zebra')).toEqual([id])
      expect(await find('GIRAFFE quarterly')).toEqual([id])
      expect(await find('zebra elephant')).toEqual([])
      expect(await find('zebra lovelace')).toEqual([id])
      expect(await find('zebra ada@example.com')).toEqual([id])
      expect(await find('gira')).toEqual([id])
      expect(await find('iraffe')).toEqual([])
    })

    test('accents and case make no difference, and a language without spaces is found too', async () => {
      const id = await mail('Überweisung für Café Größe', '明日は東京都に行きます')
      expect(await find('uberweisung cafe GRÖSSE')).toEqual([])
      expect(await find('UBERWEISUNG café größe')).toEqual([id])
      expect(await find('東京')).toEqual([id])
      expect(await find('東')).toEqual([id])
      expect(await find('京東')).toEqual([])
    })

    test('a sent message is found', async () => {
      const sent = newOutbound(box, { content: content({ text: 'a walrus replies' }) })
      await it.store.run('outbound.enqueue', sent)
      expect(await find('walrus')).toEqual([sent.message.id])
    })

    test('what a person types is never syntax', async () => {
      const id = await mail('odd', 'near the okapi NOT far')
      for (const text of [
        'okapi"',
        "okapi'",
        'okapi AND (',
        'okapi*',
        'subject:okapi',
        "okapi' | 'zebra",
        '-okapi',
        '\\okapi:*',
      ]) {
        expect([[id], []]).toContainEqual(await find(text))
      }
      expect(await find('okapi not')).toEqual([id])
      for (const text of ['', '   ', '"', '* : ()', '\0', '\uD800', '!', 'x'.repeat(100_000)])
        expect(await find(text)).toEqual([])
    })

    test('the best match comes first, and of equal ones the newest', async () => {
      const body = await mail('other', 'a pangolin among many other words that say nothing')
      const older = await mail('pangolin', 'nothing')
      const newer = await mail('pangolin', 'nothing')
      expect(await find('pangolin')).toEqual([newer, older, body])
      expect(await find('pangolin', { limit: 1, offset: 1 })).toEqual([older])
      const [first] = await it.store.read.messages.withIds([newer])
      expect(await find('pangolin', { before: first!.at })).toEqual([older, body])
      expect(await find('pangolin', { after: first!.at - 1 })).toEqual([newer])
    })

    test('nobody finds what is another mailbox’s or another organization’s', async () => {
      const owner = await buildOrganization(it.store)
      const [a, b] = [await buildMailbox(it.store, owner), await buildMailbox(it.store, owner)]
      const [inA, inB] = [await mail('capybara', '', a), await mail('capybara', '', b)]
      expect(await find('capybara')).toEqual([])
      const { orgId } = a
      await search.caughtUp()
      expect(await search.find({ orgId, mailboxId: a.id, text: 'capybara', limit: 9 })).toEqual([inA])
      expect(new Set(await search.find({ orgId, text: 'capybara', limit: 9 }))).toEqual(new Set([inA, inB]))
      expect(await search.find({ orgId: newId<OrgId>(), text: 'capybara', limit: 9 })).toEqual([])
      // Nor by asking for the words that keep them apart.
      expect(await find(`capybara m${a.id.replaceAll('-', '')}`)).toEqual([])
    })

    test('what is erased is not found', async () => {
      const doomed = await buildMailbox(it.store)
      const { orgId } = doomed
      const { threadId } = await fileMail(it.store, doomed, { subject: 'aardvark' })
      const kept = await mail('aardvark', '', doomed)
      const query = { orgId, mailboxId: doomed.id, text: 'aardvark', limit: 9 }
      await search.caughtUp()
      expect(await search.find(query)).toHaveLength(2)
      await it.store.run('threads.delete', { orgId, mailboxId: doomed.id, id: threadId })
      await search.caughtUp()
      expect(await search.find(query)).toEqual([kept])
      await it.store.run('mailboxes.delete', { orgId, id: doomed.id })
      await it.store.run('mailboxes.purge', { id: doomed.id, limit: 100 })
      await search.caughtUp()
      expect(await search.find(query)).toEqual([])
    })

    test('a message is found within a second of its commit, unasked', async () => {
      const id = await mail('nudibranch', '')
      const committed = performance.now()
      const query = { orgId: box.orgId, mailboxId: box.id, text: 'nudibranch', limit: 9 }
      while ((await search.find(query)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(performance.now() - committed).toBeLessThan(1000)
      expect(await search.find(query)).toEqual([id])
    })

    test('what came while nobody followed is caught up, by two followers at once without harm', async () => {
      await search[Symbol.asyncDispose]()
      const filed = []
      for (let i = 0; i < 20; i++) filed.push(await mail('tardigrade', `number ${i}`))
      search = await it.openSearch()
      const second = await it.openSearch()
      await Promise.all([search.caughtUp(), second.caughtUp()])
      expect(new Set(await find('tardigrade'))).toEqual(new Set(filed))
      await second[Symbol.asyncDispose]()
    })

    test('a very long text is found by its beginning', async () => {
      const words = Array.from({ length: 60_000 }, (_, i) => `w${i.toString(36)}`).join(' ')
      const id = await mail('long', `${words} ${'語彙'.repeat(60_000)}`)
      expect(await find('long w1z w2a')).toEqual([id])
    })
  })
}
