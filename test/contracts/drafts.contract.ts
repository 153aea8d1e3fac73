import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { NewDraft } from '../../src/core/drafts/commands.ts'
import type { FullDraft } from '../../src/core/drafts/model.ts'
import type { Failure } from '../../src/core/errors.ts'
import { type ApiKeyId, newId, type OrgId, type PartId, type ProjectId } from '../../src/core/ids.ts'
import type { Job } from '../../src/core/jobs/model.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import {
  buildMailbox,
  buildOrganization,
  draftFile,
  fileMail,
  newDraft,
  newOutbound,
  type Owner,
} from '../support/builders.ts'
import type { Opened } from './open.ts'

export function draftsContract(opened: () => Opened): void {
  describe('drafts', () => {
    let it: Opened
    let owner: Owner
    let box: Mailbox
    beforeAll(async () => {
      it = opened()
      owner = await buildOrganization(it.store)
    })
    beforeEach(async () => {
      it.clock.advance(1)
      box = await buildMailbox(it.store, owner)
    })

    const within = (mailbox = box) => ({ orgId: mailbox.orgId, projectId: null, mailboxId: mailbox.id })
    const create = async (fields: Partial<NewDraft> = {}, mailbox = box) =>
      (await it.store.run('drafts.create', { draft: newDraft(mailbox, fields) })).draft
    const find = (draft: FullDraft) => it.store.read.drafts.find(within(), draft.id)
    const schedule = (draft: FullDraft, sendAt: number | null) =>
      it.store.run('drafts.replace', { draft, timing: { sendAt, by: null }, by: null })
    const size = async () => (await it.store.read.mailboxes.get(box.orgId, box.id))?.sizeBytes
    const due = ({ mailboxId, id, jobId }: FullDraft) => ({ mailboxId, id, jobId: jobId! })
    const send = (draft: FullDraft, mailbox = box) => {
      const { id, generation, jobId } = draft
      const sending = draft.sendStatus === 'sending' ? jobId : null
      return it.store.run('outbound.enqueue', {
        ...newOutbound(mailbox),
        consumes: { id, generation, jobId: sending, by: null },
      })
    }
    /** Every job that waits, as a worker would find it; they are due again at once. */
    const jobs = async (): Promise<Job[]> => {
      it.clock.advance(1e9)
      return it.store.run('jobs.claim', { leaseMs: 0, limit: 1000 })
    }
    const jobsOf = async (draft: FullDraft) =>
      (await jobs()).filter(({ task }) => task.kind === 'send-draft' && task.draftId === draft.id)
    const deleted = async () => (await jobs()).flatMap(({ task }) => (task.kind === 'delete-blobs' ? task.keys : []))

    test('a draft is read as it was made', async () => {
      const by = newId<ApiKeyId>()
      const { messageId } = await fileMail(it.store, box)
      const message = await it.store.read.messages.get(box.id, messageId)
      const made = await create({
        clientId: 'one',
        kind: 'reply',
        original: { id: message!.id, messageId: message!.messageId },
        inReplyTo: message!.messageId,
        references: ['<a@example.com>', message!.messageId],
        threadId: message!.threadId,
        cc: [{ name: null, address: 'cc@example.com' }],
        bcc: [{ name: null, address: 'bcc@example.com' }],
        replyTo: [{ name: 'Desk', address: 'desk@example.com' }],
        html: '<p>It weaves</p>',
        labels: ['b', 'a'],
        attachments: [draftFile(), draftFile({ contentId: 'x', disposition: 'inline', filename: null })],
        createdBy: by,
      })
      expect(made).toMatchObject({ createdBy: by, sendStatus: null, jobId: null, generation: 1 })
      expect(await find(made)).toEqual(made)
      const { text: _, html: __, ...item } = made
      expect(await it.store.read.drafts.list(within(), {}, { limit: 9 })).toEqual({ items: [item], total: 1 })
    })

    test('nobody else finds it: not another organization, project or mailbox', async () => {
      const draft = await create()
      const { find } = it.store.read.drafts
      const reach = within()
      expect(await find({ ...reach, mailboxId: null, projectId: box.projectId }, draft.id)).toEqual(draft)
      expect(await find({ ...reach, mailboxId: null }, draft.id)).toEqual(draft)
      expect(await find({ ...reach, orgId: newId<OrgId>() }, draft.id)).toBeUndefined()
      expect(await find({ ...reach, projectId: newId<ProjectId>() }, draft.id)).toBeUndefined()
      expect(await find(within(await buildMailbox(it.store)), draft.id)).toBeUndefined()
    })

    test('drafts are listed last changed first, behind a cursor, by label, time and schedule', async () => {
      const made: FullDraft[] = []
      for (const labels of [['a'], ['a', 'b'], [], ['b']]) {
        it.clock.advance(1)
        made.push(await create({ labels }))
      }
      it.clock.advance(1)
      const [first, second, third, fourth] = made as [FullDraft, FullDraft, FullDraft, FullDraft]
      const touched = (await it.store.run('drafts.replace', { draft: first, by: null }))!
      await schedule(third, it.clock.now() + 1e12)
      const list = async (filter: object, page: object = {}) => {
        const { items, total } = await it.store.read.drafts.list(within(), filter, { limit: 9, ...page })
        return [...items.map(({ id }) => made.findIndex((draft) => draft.id === id)), `of ${total}`]
      }
      const order = touched.id < third.id ? [2, 0] : [0, 2]
      expect(await list({})).toEqual([...order, 3, 1, 'of 4'])
      expect(await list({}, { ascending: true })).toEqual([1, 3, ...order.toReversed(), 'of 4'])
      expect(await list({}, { limit: 1, after: { at: fourth.updatedAt, id: fourth.id } })).toEqual([1, 'of 4'])
      expect(await list({ labels: ['a'] })).toEqual([0, 1, 'of 2'])
      expect(await list({ labels: ['a', 'b'] })).toEqual([1, 'of 1'])
      expect(await list({ scheduled: true })).toEqual([2, 'of 1'])
      expect(await list({ before: touched.updatedAt, after: second.updatedAt })).toEqual([3, 'of 1'])
    })

    test('a project has the drafts of its mailboxes, an organization all of its own', async () => {
      const other = await buildOrganization(it.store)
      const boxes = [await buildMailbox(it.store, other), await buildMailbox(it.store, other)]
      for (const mailbox of boxes) await create({}, mailbox)
      const [{ orgId, projectId } = box] = boxes
      const total = async (reach: object) =>
        (await it.store.read.drafts.list({ orgId, projectId: null, mailboxId: null, ...reach }, {}, { limit: 0 })).total
      expect(await total({})).toBe(2)
      expect(await total({ projectId })).toBe(2)
      expect(await total({ projectId: newId<ProjectId>() })).toBe(0)
      expect(await total({ mailboxId: boxes[0]!.id })).toBe(1)
    })

    test('a client id answers the draft that is there, until that is gone; in another mailbox it is a conflict', async () => {
      const asked = (mailbox = box) =>
        it.store.run('drafts.create', { draft: newDraft(mailbox, { clientId: 'mine', subject: 'Other' }) })
      const all = await Promise.all([asked(), asked(), asked()])
      expect(new Set(all.map(({ draft }) => draft.id)).size).toBe(1)
      expect(all.filter(({ created }) => created)).toHaveLength(1)
      await it.store.run('drafts.delete', { mailboxId: box.id, id: all[0]!.draft.id, by: null })
      expect((await asked()).created).toBe(true)
      const elsewhere = await buildMailbox(it.store, owner)
      await expect(asked(elsewhere)).rejects.toMatchObject({ code: 'conflict' } satisfies Partial<Failure>)
    })

    test('of two changes to one generation the second finds that it comes too late', async () => {
      const draft = await create()
      const change = (subject: string) => it.store.run('drafts.replace', { draft: { ...draft, subject }, by: null })
      const answers = await Promise.all([change('one'), change('two')])
      const done = answers.filter((answer) => answer !== undefined)
      expect(done).toHaveLength(1)
      expect(await find(draft)).toEqual({
        ...draft,
        subject: done[0]?.subject,
        generation: 2,
        updatedAt: draft.updatedAt + 1,
      })
    })

    test('files that are taken out are deleted, the others stay; the mailbox counts their bytes', async () => {
      const [a, b, c] = [draftFile(), draftFile(), draftFile()]
      const draft = await create({ attachments: [a, b] })
      expect(await size()).toBe(600)
      const changed = await it.store.run('drafts.replace', {
        draft: { ...draft, attachments: [b, c, draftFile()] },
        by: null,
      })
      expect(await size()).toBe(900)
      expect(await find(draft)).toEqual(changed)
      expect(await deleted()).toEqual(expect.arrayContaining([a.blobKey]))
      expect(await deleted()).not.toContain(b.blobKey)
      expect(await it.store.read.drafts.attachment(box.orgId, b.id)).toEqual(b)
      expect(await it.store.read.drafts.attachment(box.orgId, a.id)).toBeUndefined()
      expect(await it.store.read.drafts.attachment(newId<OrgId>(), b.id)).toBeUndefined()
      expect(await it.store.read.drafts.attachment(box.orgId, newId<PartId>())).toBeUndefined()
    })

    test('no blob of a draft is taken for an orphan', async () => {
      const file = draftFile()
      await create({ attachments: [file] })
      expect(await it.store.read.messages.referencedBlobs([file.blobKey, 'x'])).toEqual(new Set([file.blobKey]))
      const before = `${file.blobKey.slice(0, -1)}`
      expect(await it.store.read.messages.blobsAfter(before, 1)).toEqual([{ key: file.blobKey, sha256: file.sha256 }])
    })

    test('a draft that is deleted leaves no file, job or label', async () => {
      const file = draftFile()
      const draft = (await schedule(await create({ attachments: [file], labels: ['a'] }), it.clock.now() + 1e12))!
      expect(await jobsOf(draft)).toEqual([])
      await it.store.run('drafts.delete', { mailboxId: box.id, id: draft.id, by: null })
      expect(await find(draft)).toBeUndefined()
      expect(await size()).toBe(0)
      expect(await deleted()).toContain(file.blobKey)
      it.clock.advance(1e12)
      expect(await jobsOf(draft)).toEqual([])
      const gone = it.store.run('drafts.delete', { mailboxId: box.id, id: draft.id, by: null })
      await expect(gone).rejects.toMatchObject({ code: 'not_found' } satisfies Partial<Failure>)
    })

    test('each time set has one job, and a time taken away none', async () => {
      const sendAt = it.clock.now() + 50
      const by = newId<ApiKeyId>()
      const draft = await create({ sendAt, createdBy: by })
      expect(draft).toMatchObject({ sendAt, sendStatus: 'scheduled', scheduledBy: by })
      expect(await jobsOf(draft)).toMatchObject([{ id: draft.jobId, runAt: sendAt }])
      const later = (await schedule(draft, sendAt + 70))!
      expect(await jobsOf(draft)).toMatchObject([{ id: later.jobId, runAt: sendAt + 70 }])
      expect(later.jobId).not.toBe(draft.jobId)
      const never = (await schedule(later, null))!
      expect(never).toMatchObject({ sendAt: null, sendStatus: null, jobId: null, scheduledBy: null })
      expect(await jobsOf(draft)).toEqual([])
    })

    test('a draft that is being sent can be neither changed nor deleted; its job may begin again', async () => {
      const draft = await create({ sendAt: it.clock.now() + 1 })
      const sending = (await it.store.run('drafts.begin-sending', due(draft)))!
      expect(sending).toMatchObject({ sendStatus: 'sending', generation: 2 })
      const remove = it.store.run('drafts.delete', { mailboxId: box.id, id: draft.id, by: null })
      await expect(remove).rejects.toMatchObject({ code: 'conflict' } satisfies Partial<Failure>)
      expect(await it.store.run('drafts.replace', { draft, by: null })).toBeUndefined()
      await expect(send(draft)).rejects.toMatchObject({ code: 'conflict' } satisfies Partial<Failure>)
      const again = (await it.store.run('drafts.begin-sending', due(draft)))!
      await send(again)
      expect(await find(draft)).toBeUndefined()
      expect(await it.store.run('drafts.begin-sending', due(draft))).toBeUndefined()
    })

    test('a job that finds another time has nothing to do', async () => {
      const draft = await create({ sendAt: it.clock.now() + 1 })
      await schedule(draft, it.clock.now() + 1e12)
      expect(await it.store.run('drafts.begin-sending', due(draft))).toBeUndefined()
      await it.store.run('drafts.fail', { ...due(draft), reason: 'no' })
      expect(await find(draft)).toMatchObject({ sendStatus: 'scheduled' })
    })

    test('a draft that fails stays, with the reason, and a new time clears it', async () => {
      const draft = await create({ sendAt: it.clock.now() + 1 })
      await it.store.run('drafts.begin-sending', due(draft))
      await it.store.run('drafts.put-off', due(draft))
      expect(await find(draft)).toMatchObject({ sendStatus: 'scheduled', jobId: draft.jobId })
      await it.store.run('drafts.begin-sending', due(draft))
      await it.store.run('drafts.fail', { ...due(draft), reason: 'The domain is not verified' })
      const failed = (await find(draft))!
      expect(failed).toMatchObject({ sendStatus: 'failed', failure: 'The domain is not verified', jobId: null })
      expect((await schedule(failed, it.clock.now() + 9))!).toMatchObject({ sendStatus: 'scheduled', failure: null })
    })

    test('of many who send one draft at once one does, and the log says who', async () => {
      const file = draftFile()
      const createdBy = newId<ApiKeyId>()
      const draft = await create({ attachments: [file], createdBy })
      const answers = await Promise.allSettled(Array.from({ length: 8 }, () => send(draft)))
      const [sent, ...more] = answers.filter((answer) => answer.status === 'fulfilled')
      expect(more).toEqual([])
      const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.code] : []))
      expect(refused).toEqual(Array.from({ length: 7 }, () => 'not_found'))
      expect((await it.store.read.messages.list(box.id, {}, { limit: 9 })).total).toBe(1)
      expect(await deleted()).toContain(file.blobKey)
      expect(await size()).toBe(800)
      const log = await it.store.read.events.after(0, 100_000, box.orgId)
      const queued = log.find(({ messageId }) => messageId === sent?.value.messageId)
      expect(queued?.payload).toMatchObject({ draft: { id: draft.id, createdBy, sentBy: null } })
    })

    test('what is sent is what was read: a draft changed meanwhile stays', async () => {
      const draft = await create()
      await it.store.run('drafts.replace', { draft: { ...draft, text: 'Something else' }, by: null })
      await expect(send(draft)).rejects.toMatchObject({ code: 'conflict' } satisfies Partial<Failure>)
      expect(await find(draft)).toMatchObject({ text: 'Something else' })
      expect((await it.store.read.messages.list(box.id, {}, { limit: 9 })).total).toBe(0)
    })

    test('a send that is refused leaves the draft', async () => {
      box = await buildMailbox(it.store)
      const draft = await create()
      await it.store.run('suppressions.add', {
        orgId: box.orgId,
        address: 'ada@example.com',
        reason: 'manual',
        deliveryId: null,
      })
      await expect(send(draft)).rejects.toMatchObject({ code: 'rejected' } satisfies Partial<Failure>)
      expect(await find(draft)).toEqual(draft)
    })

    test('with its mailbox goes everything: drafts, files, jobs', async () => {
      const files = Array.from({ length: 5 }, () => draftFile())
      const made: FullDraft[] = []
      for (const file of files) made.push(await create({ attachments: [file], sendAt: it.clock.now() + 1e12 }))
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      expect(await find(made[0]!)).toBeUndefined()
      expect(await it.store.read.drafts.attachment(box.orgId, files[0]!.id)).toBeUndefined()
      expect(await it.store.run('drafts.begin-sending', due(made[0]!))).toBeUndefined()
      let done = false
      while (!done) ({ done } = await it.store.run('mailboxes.purge', { id: box.id, limit: 2 }))
      expect(await deleted()).toEqual(expect.arrayContaining(files.map(({ blobKey }) => blobKey)))
      it.clock.advance(1e12)
      for (const draft of made) expect(await jobsOf(draft)).toEqual([])
      expect(await it.store.read.messages.referencedBlobs(files.map(({ blobKey }) => blobKey))).toEqual(new Set())
    })
  })
}
