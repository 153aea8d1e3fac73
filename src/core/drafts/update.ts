import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { type AttachmentInput, checkAttachments, MAX_ATTACHMENTS, MAX_TOTAL_BYTES } from '../outbound/attachments.ts'
import { refuseSending } from './commands.ts'
import { changeLabels, type LabelChange, reachDraft } from './drafts.ts'
import { checkDraftFields, checkSendAt, type DraftFields, previewOfDraft } from './fields.ts'
import { withFiles } from './files.ts'
import type { DraftAttachment, FullDraft } from './model.ts'

/** Who changes a draft at the same moment comes before or after; so many in a row do not happen. */
const MAX_TRIES = 10

/** What is absent stays. */
export interface DraftChange {
  fields: Partial<DraftFields>
  labels: LabelChange
  addAttachments: AttachmentInput[]
  removeAttachments: string[]
  /** Null takes its time away. */
  sendAt?: number | null | undefined
}

/**
 * Changes a draft. To give it a time, or to change what will be sent at one, takes the right to send: or whoever may only write
 * drafts would have their own words sent in the name of the one who approved others.
 */
export async function updateDraft(app: App, caller: Caller, id: string, change: DraftChange): Promise<FullDraft> {
  const fields = check(app, change)
  demand(caller, 'draft_update')
  if (typeof change.sendAt === 'number') demand(caller, 'draft_send')
  refuseSending(await reachDraft(app, caller, id))
  const { draft } = await withFiles(app, change.addAttachments, async (files) => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const draft = await reachDraft(app, caller, id)
      refuseSending(draft)
      if (draft.sendStatus === 'scheduled' && change.sendAt !== null) demand(caller, 'draft_send')
      const changed = apply(draft, fields, change, files)
      const timing = change.sendAt === undefined ? undefined : { sendAt: change.sendAt, by: caller.keyId }
      const replaced = await app.store.run('drafts.replace', { draft: changed, timing, by: caller.keyId })
      if (replaced) return { draft: replaced, used: true }
    }
    throw new Failure('conflict', 'The draft is being changed by others')
  })
  return draft
}

function check(app: App, change: DraftChange): Partial<FullDraft> {
  const given = Object.entries(change.fields).filter(([, value]) => value !== undefined)
  const checked = checkDraftFields({ ...nothing, ...Object.fromEntries(given) })
  checkAttachments(change.addAttachments, 'add_attachments')
  checkSendAt(change.sendAt, app.clock.now())
  changeLabels([], change.labels)
  return Object.fromEntries(given.map(([name]) => [name, checked[name as keyof DraftFields]]))
}

const nothing: DraftFields = { to: [], cc: [], bcc: [], replyTo: [], subject: null, text: null, html: null }

function apply(draft: FullDraft, fields: Partial<FullDraft>, change: DraftChange, added: DraftAttachment[]): FullDraft {
  const whole = { ...draft, ...fields }
  const attachments = [...without(draft.attachments, change.removeAttachments), ...added]
  if (attachments.length > MAX_ATTACHMENTS) {
    throw invalid('add_attachments', `at most ${MAX_ATTACHMENTS} attachments`)
  }
  if (attachments.reduce((sum, file) => sum + file.sizeBytes, 0) > MAX_TOTAL_BYTES) {
    throw new Failure('too_large', 'Attachments may have 25 MiB together')
  }
  return { ...whole, preview: previewOfDraft(whole), labels: changeLabels(draft.labels, change.labels), attachments }
}

function without(files: readonly DraftAttachment[], ids: readonly string[]): DraftAttachment[] {
  const gone = new Set<string>(ids)
  const kept = files.filter((file) => !gone.delete(file.id))
  if (gone.size > 0) throw notFound('attachment')
  return kept
}
