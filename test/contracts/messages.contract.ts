import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type CapturedId,
  type DeliveryId,
  type MailboxId,
  type MessageId,
  newId,
  type OrgId,
  type PartId,
} from '../../src/core/ids.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { MessageFilter } from '../../src/core/messages/store.ts'
import type { FoundLink } from '../../src/protocol/reading/links.ts'
import { buildMailbox, content, fileMail, newOutbound, newPart, readMail } from '../support/builders.ts'
import type { Opened } from './open.ts'

type Four<T> = [T, T, T, T]

export function messagesContract(opened: () => Opened): void {
  describe('messages', () => {
    let it: Opened
    let box: Mailbox
    beforeAll(async () => {
      it = opened()
      box = await buildMailbox(it.store)
    })

    test('a mail is read back as it was filed, with content and attachments', async () => {
      const mail = readMail({
        cc: [{ name: 'Ünï "q"', address: 'c@example.com' }],
        replyTo: [{ name: null, address: 'r@example.com' }],
        references: ['<a@b>'],
        inReplyTo: '<a@b>',
        attachments: [newPart({ filename: null, contentId: 'cid' }), newPart({ filename: '名前.pdf' })],
        content: content({
          html: '<p>\u{1F600}</p>',
          extractedText: 'short',
          extractedHtml: '<p>short</p>',
          defects: [{ code: 'missing-boundary', detail: 'x' }],
          codes: [{ value: '482193', kind: 'code', confidence: 0.9 }],
          links: [{ href: 'https://example.com/', text: 'Ünï "q"', kind: 'other', confidence: 0.5 }],
          risk: { level: 'low', findings: [{ code: 'hidden-text', level: 'low', explanation: 'x' }] },
          authentication: {
            spf: { result: 'pass', domain: 'example.com', explanation: null },
            dkim: [],
            dmarc: { result: 'none', policy: null, domain: null },
            arc: { result: 'none' },
          },
        }),
      })
      const copies = [{ mailbox: box, rcptTo: [box.address] }]
      const [filed] = await it.store.run('messages.file', { mail, copies, host: 'h' })
      if (filed?.result !== 'stored') throw new Error('not stored')
      const message = await it.store.read.messages.get(box.id, filed.messageId)
      const { content: body, envelope, attachments, suspicion, ...fields } = mail
      const decided = { ...suspicion, id: filed.messageId, threadId: filed.threadId, orgId: box.orgId }
      expect(message).toMatchObject({ ...fields, ...decided })
      expect(message?.attachments.map(({ id: _, ...part }) => part)).toEqual(attachments.map(({ ...p }) => without(p)))
      const expected = { ...body, envelope: { ...envelope, rcptTo: [box.address] } }
      expect(await it.store.read.messages.content(filed.messageId)).toEqual(expected)
      expect(await it.store.read.messages.byMessageId(box.id, mail.messageId!)).toEqual(message)
      expect((await it.store.read.messages.list(box.id, {}, { limit: 1 })).items).toEqual([message])
    })

    test.each([
      { text: 'all of it', extractedText: 'all of it', html: '<p>all</p>', extractedHtml: '<p>all</p>' },
      {
        text: 'all of it',
        extractedText: 'all of it',
        html: '<p>new</p><blockquote>x</blockquote>',
        extractedHtml: '<p>new</p>',
      },
      { text: 'new\n> x', extractedText: 'new', html: '<p>all</p>', extractedHtml: '<p>all</p>' },
      { text: 'nothing new', extractedText: null, html: null, extractedHtml: null },
      { text: null, extractedText: 'from the HTML', html: '<p>from the HTML</p>', extractedHtml: '' },
    ])('what is new of the words comes back beside the words: %j', async (words) => {
      const { messageId } = await fileMail(it.store, box, { content: content(words) })
      expect(await it.store.read.messages.content(messageId)).toMatchObject(words)
    })

    test('any text is kept as it came, but for U+0000 and lone surrogates', async () => {
      const text = fc.string({ unit: 'binary', maxLength: 200 })
      await fc.assert(
        fc.asyncProperty(text, text, async (subject, body) => {
          const { messageId } = await fileMail(it.store, box, { subject, content: content({ text: body }) })
          const kept = (s: string) => s.toWellFormed().replaceAll('\0', '\uFFFD')
          expect((await it.store.read.messages.get(box.id, messageId))?.subject).toBe(kept(subject))
          expect((await it.store.read.messages.content(messageId))?.text).toBe(kept(body))
        }),
        { numRuns: 30 },
      )
    })

    test('another mailbox finds nothing by id or Message-ID, another organization no part', async () => {
      const other = await buildMailbox(it.store)
      const { mail, messageId } = await fileMail(it.store, box, { attachments: [newPart()] })
      const message = (await it.store.read.messages.get(box.id, messageId))!
      const part = message.attachments[0]!
      expect(await it.store.read.messages.get(other.id, messageId)).toBeUndefined()
      expect(await it.store.read.messages.byMessageId(other.id, mail.messageId!)).toBeUndefined()
      expect(await it.store.read.messages.part(other.orgId, part.id)).toBeUndefined()
      const found = { part, blobKey: mail.blobKey, at: message.at, mailbox: { policy: box.policy } }
      expect(await it.store.read.messages.part(box.orgId, part.id)).toEqual(found)
      expect(await it.store.read.messages.part(box.orgId, newId<PartId>())).toBeUndefined()
      expect(await it.store.read.messages.part(newId<OrgId>(), part.id)).toBeUndefined()
    })

    test('five hundred mails filed at once have strictly increasing times', async () => {
      const busy = await buildMailbox(it.store)
      const filed = await Promise.all(Array.from({ length: 500 }, () => fileMail(it.store, busy)))
      const { items, total } = await it.store.read.messages.list(busy.id, {}, { limit: 1000, ascending: true })
      const times = items.map((m) => m.at)
      expect(total).toBe(500)
      expect(new Set(items.map((m) => m.id))).toEqual(new Set(filed.map((f) => f.messageId)))
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
      expect(await it.store.read.mailboxes.get(busy.orgId, busy.id)).toMatchObject({
        messageCount: 500,
        threadCount: 500,
      })
    })

    test('pages follow each other without gap or repetition, by cursor and by offset, both ways', async () => {
      const paged = await buildMailbox(it.store)
      for (let i = 0; i < 7; i++) await fileMail(it.store, paged)
      const list = it.store.read.messages.list
      const all = (await list(paged.id, {}, { limit: 50 })).items
      for (const ascending of [false, true]) {
        const expected = ascending ? all.toReversed() : all
        const byCursor = []
        for (let after: { at: number; id: string } | undefined; ; ) {
          const page = await list(paged.id, {}, { limit: 3, ascending, ...(after ? { after } : {}) })
          expect(page.total).toBe(7)
          byCursor.push(...page.items)
          const last = page.items.at(-1)
          if (!last) break
          after = { at: last.at, id: last.id }
        }
        expect(byCursor).toEqual(expected)
        expect((await list(paged.id, {}, { limit: 3, offset: 2, ascending })).items).toEqual(expected.slice(2, 5))
      }
      expect(await list(paged.id, {}, { limit: 0 })).toEqual({ items: [], total: 7 })
    })

    describe('filters', () => {
      let boxed: Mailbox
      const ids: Record<string, MessageId> = {}
      const names = async (filter: MessageFilter) => {
        const { items, total } = await it.store.read.messages.list(boxed.id, filter, { limit: 50, ascending: true })
        expect(items).toHaveLength(total)
        return items.map((m) => Object.keys(ids).find((name) => ids[name] === m.id))
      }
      beforeAll(async () => {
        boxed = await buildMailbox(it.store)
        const file = async (name: string, fields: Parameters<typeof fileMail>[2]) => {
          it.clock.advance(10)
          ids[name] = (await fileMail(it.store, boxed, fields)).messageId
        }
        const label = (name: string, change: object) =>
          it.store.run('messages.label', { mailboxId: boxed.id, id: ids[name]!, change })
        await file('plain', {})
        await file('odd', {
          subject: '100%_sure\\ ÄRGER',
          from: [{ name: 'Größe', address: 'G@Example.COM' }],
          to: [
            { name: 'One', address: 'one@x.test' },
            { name: null, address: 'two@y.test' },
          ],
        })
        await file('labelled', {})
        await label('labelled', { labels: ['urgent', 'a b'] })
        await file('labelled too', {})
        await label('labelled too', { labels: ['urgent'] })
        for (const flag of ['spam', 'blocked', 'trashed']) {
          await file(flag, {})
          await label(flag, { [flag]: true, labels: ['urgent'] })
        }
        it.clock.advance(10)
        const sent = newOutbound(boxed)
        ids.sent = (await it.store.run('outbound.enqueue', sent)).messageId
      })

      test('what is spam, blocked or trashed is shown when asked for', async () => {
        const shown = ['plain', 'odd', 'labelled', 'labelled too']
        expect(await names({})).toEqual([...shown, 'sent'])
        expect(await names({ includeSpam: true })).toEqual([...shown, 'spam', 'sent'])
        expect(await names({ includeBlocked: true, includeTrashed: true })).toEqual([
          ...shown,
          'blocked',
          'trashed',
          'sent',
        ])
      })

      test('labels must all be there', async () => {
        expect(await names({ labels: ['urgent'] })).toEqual(['labelled', 'labelled too'])
        expect(await names({ labels: ['urgent', 'a b'] })).toEqual(['labelled'])
        expect(await names({ labels: ['urgent'], includeSpam: true })).toEqual(['labelled', 'labelled too', 'spam'])
        expect(await names({ labels: ['URGENT'] })).toEqual([])
        expect(await names({ labels: [] })).toHaveLength(5)
      })

      test('a labelled list is paged in the same order', async () => {
        const page = { limit: 1, after: { at: Number.MAX_SAFE_INTEGER, id: '' } }
        const first = (await it.store.read.messages.list(boxed.id, { labels: ['urgent'] }, page)).items[0]!
        expect(first.id).toBe(ids['labelled too'])
        const next = { limit: 5, after: { at: first.at, id: first.id } }
        const rest = await it.store.read.messages.list(boxed.id, { labels: ['urgent'] }, next)
        expect(rest.items.map((m) => m.id)).toEqual([ids.labelled])
        expect(rest.total).toBe(2)
      })

      test('texts match anywhere, without case, literally, and all of them', async () => {
        expect(await names({ subject: ['0%_SURE\\'] })).toEqual(['odd'])
        expect(await names({ subject: ['ärger'] })).toEqual(['odd'])
        expect(await names({ subject: ['1_0'] })).toEqual([])
        expect(await names({ from: ['GRÖSSE'] })).toEqual([])
        expect(await names({ from: ['größe', 'g@example'] })).toEqual(['odd'])
        expect(await names({ to: ['ONE@', 'two@'] })).toEqual(['odd'])
        expect(await names({ to: ['ONE@', 'three@'] })).toEqual([])
        expect(await names({ subject: ['%'] })).toEqual(['odd'])
        expect(await names({ subject: ['x'.repeat(100_000)] })).toEqual([])
      })

      test('direction, thread and exclusive times narrow', async () => {
        const at = async (name: string) => (await it.store.read.messages.get(boxed.id, ids[name]!))!
        expect(await names({ direction: 'outbound' })).toEqual(['sent'])
        expect(await names({ threadId: (await at('odd')).threadId })).toEqual(['odd'])
        expect(await names({ before: (await at('labelled')).at })).toEqual(['plain', 'odd'])
        expect(await names({ after: (await at('labelled too')).at })).toEqual(['sent'])
      })

      test('what holds a code or a link that does more than unsubscribe is found by that', async () => {
        const told = await buildMailbox(it.store)
        const code = { value: '482193', kind: 'code', confidence: 0.9 } as const
        const link = (kind: FoundLink['kind']): FoundLink => ({
          href: 'https://a.example/',
          text: 'a',
          kind,
          confidence: 1,
        })
        const kept = []
        for (const fields of [{ codes: [code] }, { links: [link('verify')] }, { links: [link('unsubscribe')] }])
          kept.push(await fileMail(it.store, told, { content: content(fields) }))
        const idsOf = async (filter: MessageFilter) =>
          (await it.store.read.messages.list(told.id, filter, { limit: 9 })).items.map((m) => m.id)
        expect(await idsOf({ hasCode: true })).toEqual([kept[0]!.messageId])
        expect(await idsOf({ hasLink: true })).toEqual([kept[1]!.messageId])
        expect(await idsOf({ hasCode: false, hasLink: false })).toEqual([kept[2]!.messageId])
      })

      test('a label that is taken off is gone from the lists', async () => {
        const change = { labels: ['later'] }
        await it.store.run('messages.label', { mailboxId: boxed.id, id: ids.labelled!, change })
        expect(await names({ labels: ['urgent'] })).toEqual(['labelled too'])
        expect(await names({ labels: ['later'] })).toEqual(['labelled'])
      })
    })

    test('texts are found anywhere in sender, recipients and subject, newest first', async () => {
      const [own, other] = [await buildMailbox(it.store), await buildMailbox(it.store)]
      const mail = (fields: Parameters<typeof fileMail>[2]) =>
        fileMail(it.store, own, fields).then(({ messageId }) => messageId)
      const invoice = await mail({ subject: 'Überfällige RECHNUNG 50%_a\\b' })
      const ada = await mail({ from: [{ name: 'Lovelace', address: 'ada@engines.example' }], subject: null })
      const copied = await mail({ subject: 'Rechnung', cc: [{ name: null, address: 'grace@navy.example' }] })
      await fileMail(it.store, other, { subject: 'Rechnung' })
      const found = (texts: string[], asked: object = {}, mailboxId: MailboxId | null = own.id) =>
        it.store.read.messages.mentioning(
          { orgId: own.orgId, projectId: null, mailboxId },
          { texts, limit: 9, ...asked },
        )
      expect(await found(['echnun'])).toEqual([copied, invoice])
      expect(await found(['ECHNUN'], { limit: 1 })).toEqual([copied])
      expect(await found(['echnun', 'race@na'])).toEqual([copied])
      expect(await found(['ovelac', 'ngines.ex'])).toEqual([ada])
      expect(await found(['0%_A\\B', 'überf'])).toEqual([invoice])
      expect(await found(['50_'])).toEqual([])
      const at = (await it.store.read.messages.get(own.id, copied))!.at
      expect(await found(['echnun'], { before: at })).toEqual([invoice])
      expect(await found(['echnun'], { after: at - 1 })).toEqual([copied])
      expect(await found(['echnun'], {}, null)).toEqual([copied, invoice])
      expect(
        await it.store.read.messages.mentioning(
          { orgId: own.orgId, projectId: own.projectId, mailboxId: null },
          { texts: ['race@na'], limit: 9 },
        ),
      ).toEqual([copied])
      expect(
        await it.store.read.messages.mentioning(
          { orgId: own.orgId, projectId: newId(), mailboxId: null },
          { texts: ['race@na'], limit: 9 },
        ),
      ).toEqual([])
      await it.store.run('messages.label', { mailboxId: own.id, id: copied, change: { trashed: true } })
      expect(await found(['echnun'])).toEqual([invoice])
    })

    test('the nth latest outbound message since a time is found, of a mailbox, a thread or an organization', async () => {
      const sender = await buildMailbox(it.store)
      const first = await it.store.run('outbound.enqueue', newOutbound(sender))
      it.clock.advance(10)
      await it.store.run('outbound.enqueue', newOutbound(sender))
      await fileMail(it.store, sender)
      const nth = it.store.read.messages.nthLatestSent
      const [mailboxId, latest] = [sender.id, it.clock.now()]
      expect(await nth({ mailboxId }, 0, 1)).toBe(latest)
      expect(await nth({ mailboxId }, 0, 2)).toBe(latest - 10)
      expect(await nth({ mailboxId }, 0, 3)).toBeUndefined()
      expect(await nth({ mailboxId }, latest, 2)).toBeUndefined()
      expect(await nth({ mailboxId, threadId: first.threadId }, 0, 1)).toBe(latest - 10)
      expect(await nth({ mailboxId, threadId: first.threadId }, 0, 2)).toBeUndefined()
      expect(await nth({ orgId: sender.orgId }, 0, 2)).toBe(latest - 10)
      expect(await nth({ orgId: newId<OrgId>() }, 0, 1)).toBeUndefined()
    })

    test('many contents are read at once', async () => {
      const filed = [await fileMail(it.store, box), await fileMail(it.store, box)]
      const ids = [...filed.map((f) => f.messageId), newId<MessageId>()]
      const found = await it.store.read.messages.contents(ids)
      expect([...found.keys()].sort()).toEqual(ids.slice(0, 2).sort())
      expect(await it.store.read.messages.contents([])).toEqual(new Map())
    })

    test('messages are read in the order of their ids, those that are gone left out', async () => {
      const filed = [await fileMail(it.store, box), await fileMail(it.store, box, { attachments: [newPart()] })]
      const [a, b] = filed.map((f) => f.messageId) as [MessageId, MessageId]
      const found = await it.store.read.messages.withIds([b, newId<MessageId>(), a])
      expect(found).toEqual([await it.store.read.messages.get(box.id, b), await it.store.read.messages.get(box.id, a)])
      expect(await it.store.read.messages.withIds([])).toEqual([])
      expect(await it.store.read.messages.sizes([b, newId<MessageId>()])).toEqual(new Map([[b, 1200]]))
      expect(await it.store.read.messages.sizes([])).toEqual(new Map())
    })

    test('the same bytes come to a mailbox once, other bytes under a known Message-ID get a name of ours', async () => {
      const { mail } = await fileMail(it.store, box)
      const copies = [{ mailbox: box, rcptTo: [box.address] }]
      const again = await it.store.run('messages.file', { mail, copies, host: 'h.test' })
      expect(again).toEqual([{ mailboxId: box.id, result: 'duplicate' }])
      const other = await fileMail(it.store, box, { messageId: mail.messageId })
      const renamed = await it.store.read.messages.get(box.id, other.messageId)
      expect(renamed?.messageId).toBe(`<msg_${other.mail.sha256.slice(0, 32)}@posthouse.test>`)
      const otherAgain = await it.store.run('messages.file', { mail: other.mail, copies, host: 'posthouse.test' })
      expect(otherAgain).toEqual([{ mailboxId: box.id, result: 'duplicate' }])
    })

    test('our own mail to ourselves comes in once beside the sent copy', async () => {
      const sent = newOutbound(box)
      await it.store.run('outbound.enqueue', sent)
      const { messageId, sha256 } = sent.message
      const mail = readMail({ messageId, sha256 })
      const copies = [{ mailbox: box, rcptTo: [box.address] }]
      const file = () => it.store.run('messages.file', { mail, copies, host: 'posthouse.test' })
      expect((await file()).map((f) => f.result)).toEqual(['stored'])
      expect((await file()).map((f) => f.result)).toEqual(['duplicate'])
    })

    test('mails without a Message-ID are never taken for copies of each other', async () => {
      const mail = readMail({ messageId: null })
      const copies = [{ mailbox: box, rcptTo: [box.address] }]
      const file = () => it.store.run('messages.file', { mail, copies, host: 'posthouse.test' })
      expect((await file()).map((f) => f.result)).toEqual(['stored'])
      expect((await file()).map((f) => f.result)).toEqual(['stored'])
    })

    test('one mail for two mailboxes shares its bytes, which go with the last copy', async () => {
      const other = await buildMailbox(it.store)
      const mail = readMail({ attachments: [newPart()] })
      const copies = [box, other].map((mailbox) => ({ mailbox, rcptTo: [mailbox.address] }))
      const filed = await it.store.run('messages.file', { mail, copies, host: 'h' })
      const ids = filed.map((f) => (f.result === 'stored' ? f.messageId : undefined)!)
      expect(await it.write((tx) => tx.messages.delete([ids[0]!]))).toEqual([])
      expect(await it.write((tx) => tx.messages.delete([ids[1]!]))).toEqual([mail.blobKey])
      expect(await it.write((tx) => tx.messages.delete([ids[1]!]))).toEqual([])
      expect(await it.write((tx) => tx.messages.delete([]))).toEqual([])
    })

    test('bytes are referred to by messages, by deliveries and by captured mails', async () => {
      const sent = newOutbound(box)
      const { messageId } = await it.store.run('outbound.enqueue', sent)
      const [delivery] = await it.store.read.outbound.ofMessage(messageId)
      const [ofMessage, ofDelivery, ofCaptured, ofNone] = [1, 2, 3, 4].map(() => readMail().blobKey) as Four<string>
      await fileMail(it.store, box, { blobKey: ofMessage })
      const copy = { ...delivery!, id: newId<DeliveryId>(), blobKey: ofDelivery }
      const { orgId, id: mailboxId } = box
      const about = {
        orgId,
        mailboxId,
        messageId,
        mailFrom: '',
        recipients: [],
        subject: null,
        sizeBytes: 1,
        createdAt: 1,
      }
      await it.write(async (tx) => {
        await tx.outbound.insert([copy])
        await tx.outbound.insertCaptured({ ...about, id: newId<CapturedId>(), blobKey: ofCaptured })
      })
      const found = await it.store.read.messages.referencedBlobs([ofNone, ofCaptured, ofDelivery, ofMessage])
      expect(found).toEqual(new Set([ofMessage, ofDelivery, ofCaptured]))
      expect(await it.store.read.messages.referencedBlobs([])).toEqual(new Set())
      const many = Array.from({ length: 999 }, () => readMail().blobKey)
      expect(await it.store.read.messages.referencedBlobs([...many, ofMessage])).toEqual(new Set([ofMessage]))
    })

    test('a status and flags are changed in place', async () => {
      const sent = newOutbound(box)
      const { messageId } = await it.store.run('outbound.enqueue', sent)
      await it.write((tx) => tx.messages.updateStatus(messageId, 'sent', 77))
      const change = { seen: false, flagged: true, handled: true }
      await it.store.run('messages.label', { mailboxId: box.id, id: messageId, change })
      expect(await it.store.read.messages.get(box.id, messageId)).toMatchObject({ status: 'sent', ...change })
    })

    test('several are found by their ids and Message-IDs, in one mailbox only', async () => {
      const own = await buildMailbox(it.store)
      const [a, b] = [await fileMail(it.store, own), await fileMail(it.store, own)]
      const elsewhere = await fileMail(it.store, await buildMailbox(it.store))
      const { messages } = it.store.read
      const found = await messages.find(own.id, [a.messageId, elsewhere.messageId], [b.mail.messageId!, '<no@x>'])
      expect(found.map((m) => m.id).sort()).toEqual([a.messageId, b.messageId].sort())
      expect(await messages.find(own.id, [a.messageId], [a.mail.messageId!])).toHaveLength(1)
      expect(await messages.find(own.id, [], [])).toEqual([])
    })

    test('labels that are changed at the same time are all kept', async () => {
      const own = await buildMailbox(it.store)
      const { messageId } = await fileMail(it.store, own)
      const names = ['a', 'b', 'c', 'd', 'e']
      const change = (to: object) => it.store.run('messages.label', { mailboxId: own.id, id: messageId, change: to })
      await Promise.all(names.map((name) => change({ addLabels: [name] })))
      expect((await change({ addLabels: ['f'], removeLabels: ['a', 'f'] })).labels.toSorted()).toEqual(names.slice(1))
      const gone = newId<MessageId>()
      const input = { mailboxId: own.id, ids: [messageId, gone], change: { seen: true, removeLabels: ['b'] } }
      expect((await it.store.run('messages.label-many', input)).map((m) => m.seen)).toEqual([true])
    })

    test('pages of a list that nobody counts meet', async () => {
      const own = await buildMailbox(it.store)
      const filed: MessageId[] = []
      for (let n = 0; n < 5; n++) filed.push((await fileMail(it.store, own)).messageId)
      const first = await it.store.read.messages.list(own.id, {}, { limit: 3, uncounted: true })
      expect(first).toMatchObject({
        total: 3,
        items: filed
          .slice(2)
          .toReversed()
          .map((id) => ({ id })),
      })
      const { at, id } = first.items[2]!
      const rest = await it.store.read.messages.list(own.id, {}, { limit: 3, uncounted: true, after: { at, id } })
      expect(rest.items.map((m) => m.id)).toEqual([filed[1], filed[0]])
    })
  })
}

function without<T extends object>(part: T): Omit<T, 'id'> {
  const { id: _id, ...rest } = part as T & { id: unknown }
  return rest
}
