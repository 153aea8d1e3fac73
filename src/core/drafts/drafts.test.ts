import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readBack } from '../../../test/read-back.ts'
import { type DraftWorld, draftRequest, draftWorld, textFile } from '../../../test/support/draft-world.ts'
import type { Failure } from '../errors.ts'
import { createMailbox } from '../mailboxes/mailboxes.ts'
import type { Enqueued } from '../outbound/enqueue-command.ts'
import { createDraft, type DraftRequest } from './create.ts'
import { deleteDraft } from './drafts.ts'
import type { FullDraft } from './model.ts'
import { sendDraft } from './send.ts'
import { type DraftChange, updateDraft } from './update.ts'

let w: DraftWorld
beforeAll(async () => {
  w = await draftWorld()
})
afterAll(() => w[Symbol.asyncDispose]())
beforeEach(() => w.t.clock.advance(1))

const refusal = (code: Failure['code'], more: Partial<Failure> = {}) => ({ code, ...more })
const noLabels = { add: [], remove: [] }
const send = (
  draft: FullDraft,
  caller = w.admin,
  key: string | null = null,
  readAt: number | null = null,
): Promise<Enqueued> => sendDraft(w.t.app, caller, w.mailbox.id, draft.id, { labels: noLabels, readAt }, key)
const change = (draft: FullDraft, fields: Partial<DraftChange> & { caller?: DraftWorld['admin'] }) => {
  const { caller = w.admin, ...given } = fields
  const whole = { fields: {}, labels: noLabels, addAttachments: [], removeAttachments: [], ...given }
  return updateDraft(w.t.app, caller, draft.id, whole)
}
const blob = (key: string) => w.t.app.blobs.get(key)
const rawOf = async ({ messageId }: Enqueued) => {
  const message = await w.t.app.store.read.messages.get(w.mailbox.id, messageId)
  return { message: message!, mail: readBack((await blob(message!.blobKey))!) }
}
const soon = () => w.t.clock.now() + 60_000

const plans = `From: Ada <ada@example.com>
To: BOX, Other <other@example.com>
Cc: cc@example.com
Subject: Plans
Message-ID: <plans-N@example.com>
References: <r1@example.com>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Shall we?
--b
Content-Type: text/csv; name=plan.csv
Content-Disposition: attachment; filename=plan.csv

a,b
--b--
`
let serial = 0
const receivePlans = () => w.receive(plans.replace('BOX', w.mailbox.address).replace('-N', `-${++serial}`))

describe('a draft', () => {
  test('is sent as any other message, with its files, and is gone with them', async () => {
    const draft = await w.write({
      cc: ['cc@example.com'],
      bcc: ['bcc@example.com'],
      replyTo: ['Desk <desk@example.com>'],
      html: '<p>It weaves.</p>',
      labels: ['engine'],
      attachments: [textFile('one'), textFile('two', { filename: 'ü.csv', contentType: 'text/csv' })],
    })
    expect(draft).toMatchObject({ kind: 'plain', preview: 'It weaves algebraic patterns.', createdBy: w.admin.keyId })
    const { message, mail } = await rawOf(await send(draft))
    expect(message).toMatchObject({
      to: [{ name: 'Ada Lovelace', address: 'ada@example.com' }],
      cc: [{ name: null, address: 'cc@example.com' }],
      bcc: [{ name: null, address: 'bcc@example.com' }],
      subject: 'Notes on the engine',
      labels: ['engine'],
      status: 'queued',
    })
    expect(message.attachments.map((a) => a.filename)).toEqual(['notes.txt', 'ü.csv'])
    expect(mail.header('reply-to')).toBe('Desk <desk@example.com>')
    expect(mail.header('bcc')).toBeUndefined()
    expect(mail.parts[1]?.content.toString()).toBe('one')
    expect(await w.find(draft)).toBeUndefined()
    await w.t.work()
    for (const { blobKey } of draft.attachments) expect(await blob(blobKey)).toBeUndefined()
  })

  test('may lack everything, but is not sent without recipients', async () => {
    const draft = await w.write({ to: [], subject: null, text: null })
    expect(draft).toMatchObject({ to: [], subject: null, text: null, html: null, preview: null })
    await expect(send(draft)).rejects.toMatchObject(refusal('unprocessable'))
    await change(draft, { fields: { bcc: ['bcc@example.com'] } })
    const { message } = await rawOf(await send(draft))
    expect(message).toMatchObject({ to: [], bcc: [{ address: 'bcc@example.com' }], subject: null })
  })

  test('is changed field by field; null and empty lists clear', async () => {
    const draft = await w.write({ cc: ['cc@example.com'], labels: ['a', 'b'], attachments: [textFile('one')] })
    const changed = await change(draft, {
      fields: { cc: [], text: null, html: '<p>New words</p>', subject: null },
      labels: { add: ['c', 'b'], remove: ['a', 'b'] },
    })
    expect(changed).toEqual({
      ...draft,
      cc: [],
      text: null,
      html: '<p>New words</p>',
      preview: 'New words',
      subject: null,
      labels: ['c'],
      generation: 2,
      updatedAt: draft.updatedAt + 1,
    })
  })

  test('changed by many at once keeps every change', async () => {
    const draft = await w.write()
    await Promise.all([
      change(draft, { fields: { text: 'New' } }),
      change(draft, { fields: { subject: 'Newer' } }),
      change(draft, { labels: { add: ['x'], remove: [] } }),
      change(draft, { addAttachments: [textFile('x')] }),
    ])
    const { text, subject, labels, attachments } = (await w.find(draft))!
    expect({ text, subject, labels }).toEqual({ text: 'New', subject: 'Newer', labels: ['x'] })
    expect(attachments).toHaveLength(1)
  })

  test('loses a file with its bytes, and the others stay', async () => {
    const draft = await w.write({ attachments: [textFile('one'), textFile('two')] })
    const [one, two] = draft.attachments
    const unknown = change(draft, { removeAttachments: [w.mailbox.id], addAttachments: [textFile('three')] })
    await expect(unknown).rejects.toMatchObject(refusal('not_found'))
    const changed = await change(draft, { removeAttachments: [one!.id], addAttachments: [textFile('three')] })
    expect(changed.attachments).toMatchObject([two!, { filename: 'notes.txt' }])
    await w.t.work()
    expect(await blob(one!.blobKey)).toBeUndefined()
    expect((await blob(changed.attachments[1]!.blobKey))?.toString()).toBe('three')
  })

  test('takes no more files than a message', async () => {
    const draft = await w.write({ attachments: Array.from({ length: 50 }, (_, i) => textFile(`${i}`)) })
    await expect(change(draft, { addAttachments: [textFile('x')] })).rejects.toMatchObject(refusal('invalid'))
    const big = textFile('x'.repeat(13 * 1024 * 1024))
    const heavy = await w.write({ attachments: [big] })
    await expect(change(heavy, { addAttachments: [big] })).rejects.toMatchObject(refusal('too_large'))
    await deleteDraft(w.t.app, w.admin, heavy.id)
  })

  test('that is refused leaves no bytes behind', async () => {
    const put: string[] = []
    const { blobs } = w.t.app
    const keep = blobs.put.bind(blobs)
    blobs.put = (key, bytes) => {
      put.push(key)
      return keep(key, bytes)
    }
    const first = await w.write({ clientId: 'twin', attachments: [textFile('kept')] })
    const again = await w.write({ clientId: 'twin', attachments: [textFile('dropped')] })
    blobs.put = keep
    expect(again).toEqual(first)
    expect(put).toHaveLength(2)
    expect(await blob(put[0]!)).toBeDefined()
    expect(await blob(put[1]!)).toBeUndefined()
  })

  test('is deleted with its files', async () => {
    const draft = await w.write({ attachments: [textFile('one')] })
    await deleteDraft(w.t.app, w.admin, draft.id)
    expect(await w.find(draft)).toBeUndefined()
    await w.t.work()
    expect(await blob(draft.attachments[0]!.blobKey)).toBeUndefined()
    await expect(deleteDraft(w.t.app, w.admin, draft.id)).rejects.toMatchObject(refusal('not_found'))
  })

  test.each([
    ['to', { to: ['a@example.com\r\nBcc: x@example.com'] }],
    ['to', { to: ['nobody'] }],
    ['to', { to: Array.from({ length: 51 }, (_, i) => `a${i}@example.com`) }],
    ['subject', { subject: 'a\r\nBcc: x@example.com' }],
    ['labels', { labels: [' '] }],
    ['attachments', { attachments: [textFile('x', { filename: 'a\r\nb' })] }],
    ['attachments', { attachments: [textFile('x', { content: null })] }],
    ['client_id', { clientId: 'a@b' }],
    ['send_at', { sendAt: 1 }],
    ['forward_of', { inReplyTo: 'x', forwardOf: 'x' }],
    ['reply_all', { replyAll: true }],
    ['reply_all', { inReplyTo: 'x', replyAll: true, to: [], cc: ['c@example.com'] }],
  ] as [string, Partial<DraftRequest>][])('with a wrong %s is refused', async (field, fields) => {
    const made = createDraft(w.t.app, w.admin, w.mailbox.id, draftRequest(fields))
    await expect(made).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(`^${field}[.:]`) })
  })
})

describe('a draft about a message', () => {
  test('as a reply has its recipients, subject and place, and may outlive it', async () => {
    const original = await receivePlans()
    const draft = await w.write({ to: [], subject: null, inReplyTo: original.messageId })
    expect(draft).toMatchObject({
      kind: 'reply',
      original: { id: original.id, messageId: original.messageId },
      to: [{ name: 'Ada', address: 'ada@example.com' }],
      cc: [],
      subject: 'Re: Plans',
      inReplyTo: original.messageId,
      references: ['<r1@example.com>', original.messageId],
    })
    const { message, mail } = await rawOf(await send(draft))
    expect(message.threadId).toBe(original.threadId)
    expect(mail.header('in-reply-to')).toBe(original.messageId)
    const late = await w.write({ to: [], subject: null, inReplyTo: original.id })
    await w.t.app.store.run('threads.delete', { ...original, id: original.threadId })
    const orphan = await rawOf(await send(late))
    expect(orphan.mail.header('in-reply-to')).toBe(original.messageId)
    expect(orphan.message.threadId).not.toBe(original.threadId)
  })

  test('answers everybody, or those who are named', async () => {
    const original = await receivePlans()
    const all = await w.write({ to: [], subject: null, inReplyTo: original.id, replyAll: true })
    expect(all.to.map((a) => a.address)).toEqual(['ada@example.com', 'other@example.com'])
    expect(all.cc.map((a) => a.address)).toEqual(['cc@example.com'])
    const one = await w.write({ to: ['else@example.com'], subject: 'Mine', inReplyTo: original.id })
    expect(one).toMatchObject({ to: [{ address: 'else@example.com' }], cc: [], subject: 'Mine' })
  })

  test('as a forward sends on the words and files that the message has then', async () => {
    const original = await receivePlans()
    const draft = await w.write({
      subject: null,
      text: 'See below',
      forwardOf: original.id,
      attachments: [textFile('x')],
    })
    expect(draft).toMatchObject({ kind: 'forward', subject: 'Fwd: Plans', text: 'See below', inReplyTo: null })
    expect(draft.attachments).toHaveLength(1)
    const { message } = await rawOf(await send(draft))
    const content = await w.t.app.store.read.messages.content(message.id)
    expect(content?.text).toMatch(/^See below.*Shall we\?/s)
    expect(message.attachments.map((a) => a.filename)).toEqual(['plan.csv', 'notes.txt'])
    expect(message.threadId).not.toBe(original.threadId)
  })

  test('as a forward is not sent without it', async () => {
    const original = await receivePlans()
    const draft = await w.write({ forwardOf: original.id })
    await w.t.app.store.run('messages.delete', { mailboxId: original.mailboxId, id: original.id })
    await expect(send(draft)).rejects.toMatchObject(refusal('unprocessable'))
    expect(await w.find(draft)).toEqual(draft)
  })

  test('is not made by who may not read it, nor about one of another mailbox', async () => {
    const original = await receivePlans()
    const blind = await w.holderOf('draft_create', 'draft_read')
    const made = w.write({ inReplyTo: original.id }, blind)
    await expect(made).rejects.toMatchObject(refusal('forbidden', { permission: 'message_read' }))
    const { mailbox } = await createMailbox(w.t.app, w.admin, { localPart: 'elsewhere' })
    const foreign = createDraft(w.t.app, w.admin, mailbox.id, draftRequest({ forwardOf: original.id }))
    await expect(foreign).rejects.toMatchObject(refusal('not_found'))
  })
})

describe('whoever may only write drafts', () => {
  const writer = () => w.holderOf('draft_create', 'draft_read', 'draft_update', 'draft_delete', 'message_read')
  const lacking = (permission: string) => ({ code: 'forbidden', permission })

  test('can neither send one nor give it a time', async () => {
    const agent = await writer()
    const draft = await w.write({}, agent)
    await expect(send(draft, agent)).rejects.toMatchObject(lacking('draft_send'))
    await expect(change(draft, { caller: agent, sendAt: soon() })).rejects.toMatchObject(lacking('draft_send'))
    await expect(w.write({ sendAt: soon() }, agent)).rejects.toMatchObject(lacking('draft_send'))
    expect(await w.find(draft)).toEqual(draft)
  })

  test('cannot change what was approved for later, but can stop it', async () => {
    const agent = await writer()
    const draft = await w.write({}, agent)
    const approved = await change(draft, { sendAt: soon() })
    const turned = change(draft, { caller: agent, fields: { text: 'Send money' } })
    await expect(turned).rejects.toMatchObject(lacking('draft_send'))
    const sly = change(draft, { caller: agent, addAttachments: [textFile('x')] })
    await expect(sly).rejects.toMatchObject(lacking('draft_send'))
    expect(await w.find(draft)).toEqual(approved)
    const stopped = await change(draft, { caller: agent, sendAt: null, fields: { text: 'Another' } })
    expect(stopped).toMatchObject({ sendStatus: null, sendAt: null, text: 'Another' })
  })

  test('has it sent by another, who needs no right to send messages of their own; the log names both', async () => {
    const [agent, approver] = [await writer(), await w.holderOf('draft_send')]
    const draft = await w.write({}, agent)
    const { messageId } = await send(draft, approver)
    const log = await w.t.app.store.read.events.after(0, 10_000, w.mailbox.orgId)
    expect(log.find((event) => event.messageId === messageId && event.type === 'message.queued')?.payload).toEqual({
      recipients: ['ada@example.com'],
      draft: { id: draft.id, createdBy: agent.keyId, sentBy: approver.keyId },
    })
  })

  test('has what was read sent, and no other words', async () => {
    const read = await w.write()
    const changed = await change(read, { fields: { text: 'Send money' } })
    expect(changed.updatedAt).toBeGreaterThan(read.updatedAt)
    await expect(send(read, w.admin, null, read.updatedAt)).rejects.toMatchObject(refusal('conflict'))
    expect(await w.find(read)).toEqual(changed)
    await send(read, w.admin, null, changed.updatedAt)
  })

  test.each([
    ['draft_read', 'draft_send'],
    ['message_send', 'draft_send'],
  ] as const)('%s is not %s', async (held, missing) => {
    const draft = await w.write()
    await expect(send(draft, await w.holderOf(held))).rejects.toMatchObject(lacking(missing))
  })

  test.each([
    ['draft_create', (c: DraftWorld['admin']) => w.write({}, c)],
    ['draft_update', async (c: DraftWorld['admin']) => change(await w.write(), { caller: c })],
    ['draft_delete', async (c: DraftWorld['admin']) => deleteDraft(w.t.app, c, (await w.write()).id)],
  ] as const)('needs %s for that', async (permission, run) => {
    await expect(run(await w.holderOf('draft_read', 'draft_send'))).rejects.toMatchObject(lacking(permission))
  })
})

describe('a draft that many send at once', () => {
  test('is one message', async () => {
    const before = (await w.sent()).length
    const draft = await w.write()
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => send(draft)))
    expect(answers.filter((a) => a.status === 'fulfilled')).toHaveLength(1)
    const codes = answers.flatMap((a) => (a.status === 'rejected' ? [a.reason.code] : []))
    expect(codes).toEqual(Array.from({ length: 5 }, () => 'not_found'))
    expect(await w.sent()).toHaveLength(before + 1)
  })

  test('under one idempotency key answers the same to all who ask again', async () => {
    const draft = await w.write()
    const answers = await Promise.allSettled(Array.from({ length: 4 }, () => send(draft, w.admin, 'once')))
    const [first] = answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []))
    for (const a of answers)
      expect(a).toMatchObject(a.status === 'fulfilled' ? { value: first } : { reason: { code: 'in_progress' } })
    expect(await send(draft, w.admin, 'once')).toEqual(first)
    const other = await w.write()
    await expect(send(other, w.admin, 'once')).rejects.toMatchObject(refusal('conflict'))
  })

  test('and one that was refused leaves its key free', async () => {
    const draft = await w.write({ to: [] })
    await expect(send(draft, w.admin, 'later')).rejects.toMatchObject(refusal('unprocessable'))
    await change(draft, { fields: { to: ['ada@example.com'] } })
    expect(await send(draft, w.admin, 'later')).toHaveProperty('messageId')
  })

  test('never takes other words along than the sender read', async () => {
    const draft = await w.write()
    const put = w.t.app.blobs.put.bind(w.t.app.blobs)
    w.t.app.blobs.put = async (key, bytes) => {
      w.t.app.blobs.put = put
      await change(draft, { fields: { text: 'Changed while it was composed' } })
      await put(key, bytes)
    }
    await expect(send(draft)).rejects.toMatchObject(refusal('conflict'))
    expect(await w.find(draft)).toMatchObject({ text: 'Changed while it was composed' })
  })
})
