import { beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import { buildMailbox, buildOrganization, fileMail } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function eventsContract(opened: () => Opened): void {
  describe('events', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })

    test('an entry tells what happened, in the order in which it happened', async () => {
      const start = await settled(it.store)
      const owner = await buildOrganization(it.store)
      const box = await buildMailbox(it.store, owner)
      const { messageId, threadId } = await fileMail(it.store, box)
      const [made, received] = await waitFor(it.store, start, 2)
      const common = { orgId: box.orgId, mailboxId: box.id, createdAt: it.clock.now() }
      expect(made).toMatchObject({ ...common, type: 'mailbox.created', payload: { address: box.address } })
      expect(received).toMatchObject({ ...common, type: 'message.received', messageId, threadId, payload: {} })
      expect(await it.store.read.events.after(start, 1)).toEqual([made])
      expect(await it.store.read.events.after(start, 9, owner.organization.id)).toEqual([made, received])
      const other = await buildOrganization(it.store)
      expect(await it.store.read.events.after(start, 9, other.organization.id)).toEqual([])
    })

    test('a listener that has left hears no more', async () => {
      let heard = 0
      const leave = it.store.read.events.onAppend(() => heard++)
      leave()
      const start = await settled(it.store)
      await buildMailbox(it.store)
      await waitFor(it.store, start, 1)
      expect(heard).toBe(0)
    })

    test('a reader behind concurrent writers misses nothing and sees nothing twice or out of order', async () => {
      const start = await settled(it.store)
      const boxes = await Promise.all(Array.from({ length: 8 }, () => buildMailbox(it.store)))
      const other = await it.openAnother()
      const seen: { seq: number; id: string }[] = []
      let position = start
      const read = async () => {
        const batch = await it.store.read.events.after(position, 7)
        seen.push(...batch)
        position = batch.at(-1)?.seq ?? position
        return batch.length
      }
      let writing = true
      const writers = boxes.flatMap((box, i) => {
        const store = i % 2 ? other : it.store
        return Array.from({ length: 4 }, async () => {
          for (let n = 0; n < 10; n++) await fileMail(store, box)
        })
      })
      const done = Promise.all(writers).finally(() => {
        writing = false
      })
      while (writing) {
        await read()
        await new Promise(setImmediate)
      }
      await done
      await other[Symbol.asyncDispose]()
      const end = await settled(it.store)
      while (await read());
      // Eight mailboxes, their mails, and the probe at the end.
      expect(end - start).toBe(8 + 320 + 1)
      expect(seen.map((e) => e.seq)).toEqual(Array.from({ length: end - start }, (_, i) => start + 1 + i))
      expect(new Set(seen.map((e) => e.id)).size).toBe(end - start)
    })

    test('another node over the same rows is woken', async () => {
      const other = await it.openAnother()
      const woken = new Promise<void>((resolve) => other.read.events.onAppend(resolve))
      const start = await settled(it.store)
      // Until it is heard: the first look of another process may only take note of where the log stands.
      const box = await buildMailbox(it.store)
      let heard = false
      const done = woken.then(() => {
        heard = true
      })
      while (!heard) {
        await fileMail(it.store, box)
        await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 50))])
      }
      expect((await waitFor(other, start, 1)).length).toBeGreaterThan(0)
      await other[Symbol.asyncDispose]()
    })
  })
}

/** The position once everything that was committed before is in the log: on PostgreSQL numbers follow the commits, in their order. */
async function settled(store: Store): Promise<number> {
  const start = await store.read.events.position()
  const probe = await buildMailbox(store)
  for (let count = 1; ; count++) {
    const found = await waitFor(store, start, count)
    const own = found.find((event) => event.mailboxId === probe.id)
    if (own) return own.seq
    count = found.length
  }
}

/** The entries behind a position, once there are so many. */
async function waitFor(store: Store, position: number, count: number) {
  for (;;) {
    const woken = new Promise<void>((resolve) => {
      const leave = store.read.events.onAppend(() => {
        leave()
        resolve()
      })
    })
    const found = await store.read.events.after(position, 1000)
    if (found.length >= count) return found
    await woken
  }
}
