import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/core/accounts/caller.ts'
import type { App } from '../../src/core/app.ts'
import { EventFeed } from '../../src/core/events/feed.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { ReadMail } from '../../src/core/messages/file-inbound.ts'
import type { Store } from '../../src/core/store.ts'
import { waitForMessage } from '../../src/core/waiting/wait.ts'
import { WaitingRoom } from '../../src/core/waiting/waiting-room.ts'
import { buildKey, buildMailbox, buildOrganization, fileMail, type Owner, readMail } from '../support/builders.ts'
import type { Opened } from './open.ts'

const RACES = 500

export function waitingContract(opened: () => Opened): void {
  describe('waiting for mail', () => {
    let it: Opened
    let app: Watched
    let owner: Owner
    beforeAll(async () => {
      it = opened()
      app = appOver(it, it.store)
      owner = await buildOrganization(it.store)
    })
    afterAll(() => app.feed[Symbol.asyncDispose]())

    // The clock stands still: who misses a message waits for ever.
    const wait = (box: Mailbox, criteria: object = {}, { timeoutMs = 30_000, over = app } = {}) =>
      waitForMessage(over, callerOf(owner), { mailbox: box.id, criteria, timeoutMs })
    const file = (box: Mailbox, fields: Partial<ReadMail> = {}) => fileMail(it.store, box, fields)
    const callerAt = async (box: Mailbox): Promise<Caller> => {
      return { ...callerOf(owner), orgId: box.orgId, keyId: (await buildKey(it.store, box)).id }
    }
    const looked = async (times: number) => {
      while (app.looks < times) await turns(1)
    }
    const subject = async (found: ReturnType<typeof wait>) => (await found)?.message.subject

    test(`a mail that is committed while a wait begins is never missed, ${RACES} times`, async () => {
      const box = await buildMailbox(it.store, owner)
      for (let round = 0; round < RACES; round++) {
        const filed = turns(round % 7).then(() => file(box))
        const found = turns(round % 5).then(() => wait(box))
        const [{ messageId }, answer] = await Promise.all([filed, found])
        expect(answer?.message.id).toBe(messageId)
      }
      expect(await wait(box, {}, { timeoutMs: 0 })).toBeNull()
    })

    test('the oldest match comes first, and each only once', async () => {
      const box = await buildMailbox(it.store, owner)
      for (const name of ['one', 'two', 'three']) await file(box, { subject: name })
      expect([await subject(wait(box)), await subject(wait(box)), await subject(wait(box))]).toEqual([
        'one',
        'two',
        'three',
      ])
      expect(await wait(box, {}, { timeoutMs: 0 })).toBeNull()
    })

    test('with a time, everything later comes one after the other, as often as it is asked for', async () => {
      const box = await buildMailbox(it.store, owner)
      for (const name of ['one', 'two', 'three']) await file(box, { subject: name })
      for (let again = 0; again < 2; again++) {
        const walked: unknown[] = []
        for (let after = 0; ; ) {
          const found = await wait(box, { after }, { timeoutMs: 0 })
          if (!found) break
          walked.push(found.message.subject)
          after = found.message.at
        }
        expect(walked).toEqual(['one', 'two', 'three'])
      }
    })

    test('only what matches ends the wait, letters in any case', async () => {
      const box = await buildMailbox(it.store, owner)
      const waits = [
        wait(box, { subject: ['your CODE'] }),
        wait(box, { from: ['grace@'] }),
        wait(box, { to: ['+tag@'], after: 0 }),
        wait(box, { to: ['copied@'], hasCode: false }),
      ].map(subject)
      await file(box, { subject: 'Nothing for anybody' })
      await file(box, { subject: 'Ihr Code: your code' })
      await file(box, { subject: 'By Grace', from: [{ name: 'Grace', address: 'Grace@example.com' }] })
      await file(box, { subject: 'To a tag', to: [{ name: null, address: 'box+tag@posthouse.test' }] })
      await file(box, { subject: 'Copied', cc: [{ name: null, address: 'Copied@example.com' }] })
      expect(await Promise.all(waits)).toEqual(['Ihr Code: your code', 'By Grace', 'To a tag', 'Copied'])
    })

    test('two who wait at one mailbox both get the message, and who comes later does not', async () => {
      const box = await buildMailbox(it.store, owner)
      app.looks = 0
      const waits = [wait(box), wait(box), wait(box, { after: 0 })].map(subject)
      await looked(3)
      await file(box, { subject: 'For all' })
      expect(await Promise.all(waits)).toEqual(['For all', 'For all', 'For all'])
      expect(await wait(box, {}, { timeoutMs: 0 })).toBeNull()
    })

    test('a message that was handed out is not handed out on another node', async () => {
      const other = await it.openAnother()
      const over = appOver(it, other)
      const box = await buildMailbox(it.store, owner)
      for (let round = 0; round < 3; round++) {
        await file(box, { subject: `Mail ${round}` })
        expect(await subject(wait(box))).toBe(`Mail ${round}`)
        const next = subject(wait(box, {}, { over }))
        await file(box, { subject: `Next ${round}` })
        expect(await next).toBe(`Next ${round}`)
      }
      await over.feed[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    })

    test('a key that is revoked on one node ends the wait on another', async () => {
      const other = await it.openAnother()
      const over = appOver(it, other)
      const box = await buildMailbox(it.store, owner)
      // The last one cannot be revoked.
      const [caller] = [await callerAt(box), await callerAt(box)]
      const waiting = waitForMessage(over, caller, { mailbox: box.id, criteria: {}, timeoutMs: 30_000 })
      const refused = expect(waiting).rejects.toMatchObject({ code: 'unauthenticated' })
      while (over.looks < 1) await turns(1)
      await it.store.run('accounts.delete-key', { orgId: box.orgId, id: caller.keyId! })
      await refused
      await over.feed[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    })

    test('a hidden message comes when its label goes, or when it was asked for', async () => {
      const box = await buildMailbox(it.store, owner)
      const { messageId: id } = await file(box)
      const label = (spam: boolean) => it.store.run('messages.label', { mailboxId: box.id, id, change: { spam } })
      await label(true)
      expect(await wait(box, { after: 0 }, { timeoutMs: 0 })).toBeNull()
      expect((await wait(box, { after: 0, includeSpam: true }))?.message.id).toBe(id)
      app.looks = 0
      const found = wait(box)
      await looked(1)
      await label(false)
      expect((await found)?.message.id).toBe(id)
    })

    test('what is sent from the mailbox is not waited for, and the whole message is answered', async () => {
      const box = await buildMailbox(it.store, owner)
      const mail = readMail({ subject: 'Whole' })
      const found = wait(box)
      await fileMail(it.store, box, mail)
      expect(await found).toMatchObject({
        mailbox: { id: box.id },
        message: { subject: 'Whole', direction: 'inbound' },
        content: { text: mail.content.text },
      })
    })

    test('a mailbox that is deleted ends the waits at it', async () => {
      const box = await buildMailbox(it.store, owner)
      app.looks = 0
      const found = expect(wait(box)).rejects.toMatchObject({ code: 'not_found' })
      await looked(1)
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      await found
    })

    test('a mailbox that expires ends the waits at it, and one that lives longer does not', async () => {
      const expiresAt = it.clock.now() + 1_000
      const [short, long] = [await buildMailbox(it.store, owner), await buildMailbox(it.store, owner)]
      for (const { orgId, id } of [short, long]) {
        await it.store.run('mailboxes.update', { orgId, id, change: { expiresAt } })
      }
      app.looks = 0
      const ended = expect(wait(short)).rejects.toMatchObject({ code: 'not_found' })
      const found = subject(wait(long))
      await looked(2)
      const change = { expiresAt: expiresAt + 1_000_000 }
      await it.store.run('mailboxes.update', { orgId: long.orgId, id: long.id, change })
      it.clock.advance(1_001)
      await ended
      await file(long, { subject: 'Still here' })
      expect(await found).toBe('Still here')
    })

    test('the time is up by the clock', async () => {
      const box = await buildMailbox(it.store, owner)
      let over = false
      const found = wait(box, {}, { timeoutMs: 5_000 }).finally(() => {
        over = true
      })
      while (!over) {
        await turns(1)
        it.clock.advance(100)
      }
      expect(await found).toBeNull()
    })

    test('five thousand who wait cost nothing while mail comes to others', async () => {
      const boxes = await Promise.all(Array.from({ length: 50 }, () => buildMailbox(it.store)))
      const gone = new AbortController()
      app.looks = 0
      const callers = await Promise.all(Array.from({ length: 250 }, (_, n) => callerAt(boxes[n % 50]!)))
      const waits = Array.from({ length: 5_000 }, (_, n) => {
        const [box, caller] = [boxes[n % 50]!, callers[n % 250]!]
        const request = { mailbox: box.id, criteria: {}, timeoutMs: 30_000, signal: gone.signal }
        return waitForMessage(app, caller, request)
      })
      await looked(5_000)
      const other = await buildMailbox(it.store, owner)
      app.reads = 0
      for (let n = 0; n < 100; n++) await file(other)
      expect((await wait(other))?.mailbox.id).toBe(other.id)
      // Each commit is one read of the log for all of them; the last wait looks once, and once for what was handed out.
      expect(app.reads).toBeLessThan(300)
      expect(app.looks).toBe(5_001)
      gone.abort()
      expect(await Promise.all(waits)).toEqual(waits.map(() => null))
    }, 60_000)

    test('a thousand who wait are each told of their own mail', async () => {
      const boxes = await Promise.all(Array.from({ length: 1000 }, () => buildMailbox(it.store)))
      const callers = await Promise.all(boxes.map(callerAt))
      app.looks = 0
      const found = boxes.map((box, n) => {
        return waitForMessage(app, callers[n]!, { mailbox: box.id, criteria: {}, timeoutMs: 30_000 })
      })
      await looked(1000)
      await Promise.all(boxes.map((box) => file(box, { subject: box.address })))
      for (const answer of await Promise.all(found)) expect(answer?.message.subject).toBe(answer?.mailbox.address)
    })
  })
}

type Watched = App & { looks: number; reads: number }

/** The part of the product that waits, and how often it has looked: whoever looks is registered; and how often it has read the log. */
function appOver({ clock }: Opened, opened: Store): Watched {
  const messages: Store['read']['messages'] = {
    ...opened.read.messages,
    async next(...asked) {
      const found = await opened.read.messages.next(...asked)
      app.looks++
      return found
    },
  }
  const events: Store['read']['events'] = {
    ...opened.read.events,
    after(...asked) {
      app.reads++
      return opened.read.events.after(...asked)
    },
  }
  const store = { read: { ...opened.read, messages, events }, run: opened.run.bind(opened) } as Store
  const feed = new EventFeed({ clock, log: silentLog, store })
  const waitingRoom = new WaitingRoom({ feed, store })
  const app = { clock, log: silentLog, store, feed, waitingRoom, looks: 0, reads: 0 } as unknown as Watched
  return app
}

function callerOf({ organization, project }: Owner): Caller {
  return {
    orgId: organization.id,
    projectId: project.id,
    projectOnly: false,
    keyId: null,
    keyName: 'test',
    scopes: ['read'],
    permissions: null,
    mailboxId: null,
    expiresAt: null,
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}
