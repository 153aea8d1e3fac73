import { beforeAll, describe, expect, test } from 'vitest'
import { buildMailbox, newOutbound } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function submissionContract(opened: () => Opened): void {
  describe('submission', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })

    test('a mailbox has one credential, and with it goes the credential', async () => {
      const { id: mailboxId, orgId } = await buildMailbox(it.store)
      const username = `inb-${mailboxId.slice(-12)}`
      const set = (passwordHash: string) =>
        it.store.run('submission.set-credential', { mailboxId, orgId, username, passwordHash })
      await set('first')
      await set('second')
      const kept = { mailboxId, orgId, username, passwordHash: 'second', createdAt: it.clock.now() }
      expect(await it.store.read.submission.byUsername(username)).toEqual(kept)
      expect(await it.store.read.submission.ofMailbox(mailboxId)).toEqual(kept)
      await it.store.run('mailboxes.delete', { orgId, id: mailboxId })
      expect(await it.store.read.submission.byUsername(username)).toBeUndefined()
      await expect(set('third')).rejects.toMatchObject({ code: 'not_found' })
    })

    test('a message that was handed in joins the thread that its references lead to', async () => {
      const box = await buildMailbox(it.store)
      const first = await it.store.run('outbound.enqueue', newOutbound(box, {}, { messageId: '<first@x.test>' }))
      const answer = { source: 'submission' as const, references: ['<unknown@x.test>', '<first@x.test>'] }
      const second = await it.store.run('outbound.enqueue', newOutbound(box, { joins: 'ancestors' }, answer))
      expect(second.threadId).toBe(first.threadId)
      const third = await it.store.run('outbound.enqueue', newOutbound(box, { joins: 'ancestors' }))
      expect(third.threadId).not.toBe(first.threadId)
    })

    test('a Message-ID that a mail client uses twice is kept once', async () => {
      const box = await buildMailbox(it.store)
      const fields = { source: 'submission' as const, messageId: '<twice@x.test>' }
      await it.store.run('outbound.enqueue', newOutbound(box, {}, fields))
      const again = await it.store.run('outbound.enqueue', newOutbound(box, {}, fields))
      const kept = await it.store.read.messages.get(box.id, again.messageId)
      expect(kept?.messageId).toBe(`<msg_${again.messageId}@posthouse.test>`)
    })
  })
}
