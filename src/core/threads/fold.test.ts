import { expect, test } from 'vitest'
import type { Message } from '../messages/model.ts'
import { addToThread, foldThread } from './fold.ts'

const message = (over: Partial<Message>): Message =>
  ({
    id: 'm1',
    threadId: 't1',
    mailboxId: 'b1',
    orgId: 'o1',
    direction: 'inbound',
    subject: 'Tea',
    preview: 'first',
    at: 1_000,
    createdAt: 1_000,
    sizeBytes: 100,
    from: [{ name: 'Ann', address: 'ann@x.test' }],
    to: [{ name: null, address: 'tea@y.test' }],
    cc: [],
    labels: [],
    spam: false,
    blocked: false,
    unauthenticated: false,
    trashed: false,
    hasCode: false,
    hasLink: false,
    opened: false,
    ...over,
  }) as Message

const reply = message({
  id: 'm2' as Message['id'],
  direction: 'outbound',
  subject: 'Re: Tea',
  preview: 'second',
  at: 2_000,
  createdAt: 2_000,
  from: [{ name: null, address: 'tea@y.test' }],
  to: [{ name: 'A. N.', address: 'ANN@x.test' }],
  labels: ['warm', 'blue'],
})

test('a thread shows its first subject, its latest words, and everybody once', () => {
  const thread = addToThread(addToThread(undefined, message({ labels: ['green'] })), reply)
  expect(thread).toMatchObject({
    subject: 'Tea',
    preview: 'second',
    lastMessageId: 'm2',
    lastAt: 2_000,
    lastReceivedAt: 1_000,
    lastSentAt: 2_000,
    messageCount: 2,
    sizeBytes: 200,
    labels: ['blue', 'green', 'warm'],
    senders: [
      { name: 'Ann', address: 'ann@x.test' },
      { name: null, address: 'tea@y.test' },
    ],
    recipients: [
      { name: null, address: 'tea@y.test' },
      { name: 'A. N.', address: 'ANN@x.test' },
    ],
  })
})

test('a hidden message changes nothing that a visible thread shows', () => {
  const thread = addToThread(undefined, message({}))
  const after = addToThread(thread, { ...reply, spam: true })
  expect({ ...after, updatedAt: 0 }).toEqual({ ...thread, updatedAt: 0 })
})

test('a thread of hidden messages only is hidden, until a visible one joins', () => {
  const hidden = addToThread(undefined, message({ trashed: true }))
  expect(hidden).toMatchObject({ hidden: true, messageCount: 1 })
  expect(addToThread(hidden, reply)).toMatchObject({
    hidden: false,
    messageCount: 1,
    preview: 'second',
    subject: 'Tea',
  })
})

test('folding all messages again gives what adding them one by one gave', () => {
  const thread = addToThread(addToThread(undefined, message({})), reply)
  const folded = foldThread(thread, [message({}), reply], thread.updatedAt)
  expect(folded).toEqual(thread)
  expect(foldThread(thread, [], 0)).toBeUndefined()
})
