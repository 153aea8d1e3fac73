import { expect, test } from 'vitest'
import { type DraftWorld, draftWorld, textFile } from '../../../test/support/draft-world.ts'
import { Failure } from '../errors.ts'
import { JobWorker } from '../jobs/worker.ts'
import { deleteDraft } from './drafts.ts'
import type { FullDraft } from './model.ts'
import { sendDraft } from './send.ts'
import { updateDraft } from './update.ts'

const MINUTE = 60_000
const noLabels = { add: [], remove: [] }
const inAMinute = (w: DraftWorld) => w.t.clock.now() + MINUTE
const reschedule = (w: DraftWorld, draft: FullDraft, sendAt: number | null) =>
  updateDraft(w.t.app, w.admin, draft.id, {
    fields: {},
    labels: noLabels,
    addAttachments: [],
    removeAttachments: [],
    sendAt,
  })
const pass = async (w: DraftWorld, ms: number) => {
  w.t.clock.advance(ms)
  await w.t.work()
}

test('a draft with a time is sent at it, not before, and once', async () => {
  await using w = await draftWorld()
  const draft = await w.write({ sendAt: inAMinute(w), labels: ['x'], attachments: [textFile('one')] })
  expect(draft).toMatchObject({ sendStatus: 'scheduled', scheduledBy: w.admin.keyId })
  await pass(w, MINUTE - 10)
  expect(await w.sent()).toEqual([])
  await pass(w, 10)
  expect(await w.sent()).toMatchObject([{ subject: 'Notes on the engine', labels: ['x'], attachments: [{}] }])
  expect(await w.find(draft)).toBeUndefined()
  await pass(w, 24 * 60 * MINUTE)
  expect(await w.sent()).toHaveLength(1)
  expect(await w.t.app.blobs.get(draft.attachments[0]!.blobKey)).toBeUndefined()
  const log = await w.t.app.store.read.events.after(0, 1000)
  const queued = log.find(({ type }) => type === 'message.queued')
  expect(queued?.payload).toMatchObject({ draft: { id: draft.id, sentBy: w.admin.keyId } })
  // From there on it is a message like any other, to webhooks and sockets too.
  expect(log.some(({ type, messageId }) => type === 'message.sent' && messageId === queued?.messageId)).toBe(true)
})

test('a worker that sleeps wakes up for it', async () => {
  await using w = await draftWorld()
  await using worker = new JobWorker(w.t.app)
  await worker.idle()
  await w.write({ sendAt: inAMinute(w) })
  await worker.idle()
  w.t.clock.advance(MINUTE)
  await worker.idle()
  expect(await w.sent()).toHaveLength(1)
})

test('a time that is moved or taken away counts, the old one does not', async () => {
  await using w = await draftWorld()
  const [moved, stopped] = [await w.write({ sendAt: inAMinute(w) }), await w.write({ sendAt: inAMinute(w) })]
  await reschedule(w, moved, w.t.clock.now() + 3 * MINUTE)
  expect(await reschedule(w, stopped, null)).toMatchObject({ sendAt: null, sendStatus: null })
  await pass(w, 2 * MINUTE)
  expect(await w.sent()).toEqual([])
  await pass(w, MINUTE)
  expect(await w.sent()).toHaveLength(1)
  await pass(w, 60 * MINUTE)
  expect(await w.find(stopped)).toBeDefined()
})

test('a time that is over is refused', async () => {
  await using w = await draftWorld()
  const draft = await w.write()
  await expect(w.write({ sendAt: w.t.clock.now() })).rejects.toMatchObject({ code: 'invalid' })
  await expect(reschedule(w, draft, w.t.clock.now() - 1)).rejects.toMatchObject({ code: 'invalid' })
})

test('a scheduled draft may be sent at once or deleted; its time passes then without anything', async () => {
  await using w = await draftWorld()
  const [now, never] = [await w.write({ sendAt: inAMinute(w) }), await w.write({ sendAt: inAMinute(w) })]
  await sendDraft(w.t.app, w.admin, w.mailbox.id, now.id, { labels: noLabels, readAt: null })
  await deleteDraft(w.t.app, w.admin, never.id)
  await pass(w, 2 * MINUTE)
  expect(await w.sent()).toHaveLength(1)
})

test('one that is refused fails with the reason, stays a draft, and goes out with a new time', async () => {
  await using w = await draftWorld()
  const { orgId } = w.mailbox
  const suppressed = { orgId, address: 'ada@example.com', reason: 'manual' as const, deliveryId: null }
  await w.t.app.store.run('suppressions.add', suppressed)
  const [blocked, empty] = [await w.write({ sendAt: inAMinute(w) }), await w.write({ to: [], sendAt: inAMinute(w) })]
  await pass(w, MINUTE)
  expect(await w.find(blocked)).toMatchObject({
    sendStatus: 'failed',
    failure: expect.stringContaining('ada@example.com'),
    sendAt: blocked.sendAt,
  })
  expect(await w.find(empty)).toMatchObject({ sendStatus: 'failed', failure: 'This draft has no recipients' })
  const log = await w.t.app.store.read.events.after(0, 1000)
  expect(log.filter(({ type }) => type === 'draft.failed')).toHaveLength(2)
  await w.t.app.store.run('suppressions.remove', { orgId, address: 'ada@example.com', byOperator: true })
  await pass(w, 60 * MINUTE)
  expect(await w.sent()).toEqual([])
  expect(await reschedule(w, blocked, inAMinute(w))).toMatchObject({ sendStatus: 'scheduled', failure: null })
  await pass(w, MINUTE)
  expect(await w.sent()).toHaveLength(1)
})

test('a mailbox that sends too fast sends its drafts a little later', async () => {
  await using w = await draftWorld({ settings: { sendsPerMinute: 2 } })
  for (let i = 0; i < 5; i++) await w.write({ sendAt: inAMinute(w) })
  await pass(w, MINUTE)
  expect(await w.sent()).toHaveLength(2)
  await pass(w, MINUTE)
  expect(await w.sent()).toHaveLength(4)
  await pass(w, MINUTE)
  expect(await w.sent()).toHaveLength(5)
})

test('one that waits for an hour for its turn fails', async () => {
  await using w = await draftWorld({ settings: { sendsPerMinute: 1 } })
  const drafts = [await w.write({ sendAt: inAMinute(w) }), await w.write({ sendAt: inAMinute(w) })]
  await pass(w, 120 * MINUTE)
  const states = await Promise.all(drafts.map(w.find))
  expect(states.map((draft) => draft?.sendStatus).sort()).toEqual(['failed', undefined])
})

test('an outage puts it off, and nobody finds it half sent', async () => {
  await using w = await draftWorld()
  const draft = await w.write({ sendAt: inAMinute(w) })
  const put = w.t.app.blobs.put.bind(w.t.app.blobs)
  w.t.app.blobs.put = () => Promise.reject(new Failure('unavailable', 'Not now'))
  await pass(w, MINUTE)
  expect(await w.find(draft)).toMatchObject({ sendStatus: 'scheduled', sendAt: draft.sendAt })
  w.t.app.blobs.put = put
  await pass(w, MINUTE)
  expect(await w.sent()).toHaveLength(1)
})

test('what cannot be composed, for whatever reason, is given up after half an hour of tries', async () => {
  await using w = await draftWorld()
  const draft = await w.write({ sendAt: inAMinute(w) })
  w.t.app.parser.parse = () => Promise.reject(new Error('a bug'))
  await pass(w, MINUTE)
  for (let i = 0; i < 10; i++) await pass(w, 20 * MINUTE)
  expect(await w.find(draft)).toMatchObject({ sendStatus: 'failed', failure: 'The message could not be made' })
  expect(await w.sent()).toEqual([])
})

test('while it is being sent it can be neither changed, deleted nor sent', async () => {
  await using w = await draftWorld()
  const draft = await w.write({ sendAt: inAMinute(w) })
  const put = w.t.app.blobs.put.bind(w.t.app.blobs)
  const codes: string[] = []
  w.t.app.blobs.put = async (key, bytes) => {
    w.t.app.blobs.put = put
    expect(await w.find(draft)).toMatchObject({ sendStatus: 'sending' })
    const tries = [
      reschedule(w, draft, null),
      deleteDraft(w.t.app, w.admin, draft.id),
      sendDraft(w.t.app, w.admin, w.mailbox.id, draft.id, { labels: noLabels, readAt: null }),
    ]
    for (const tried of await Promise.allSettled(tries))
      codes.push(tried.status === 'rejected' ? tried.reason.code : '')
    await put(key, bytes)
  }
  await pass(w, MINUTE)
  expect(codes).toEqual(['conflict', 'conflict', 'conflict'])
  expect(await w.sent()).toHaveLength(1)
})

test('with its mailbox goes its time', async () => {
  await using w = await draftWorld()
  const draft = await w.write({ sendAt: inAMinute(w), attachments: [textFile('one')] })
  await w.t.app.store.run('mailboxes.delete', { orgId: w.mailbox.orgId, id: w.mailbox.id })
  await pass(w, 2 * MINUTE)
  expect(await w.find(draft)).toBeUndefined()
  expect(await w.t.app.blobs.get(draft.attachments[0]!.blobKey)).toBeUndefined()
  expect(await w.sent()).toEqual([])
})
