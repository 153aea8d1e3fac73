import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { type DraftId, isUuid } from '../ids.ts'
import { type FileLink, linkFile } from '../messages/attachment-links.ts'
import { checkLabels } from '../messages/labels.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Draft, DraftAttachment, FullDraft } from './model.ts'
import type { DraftFilter } from './store.ts'

/** All drafts that the caller reaches, last changed first. */
export async function listDrafts(
  app: App,
  caller: Caller,
  filter: DraftFilter,
  page: PageRequest,
): Promise<Page<Draft>> {
  demand(caller, 'draft_read')
  return app.store.read.drafts.list(reachOf(caller), filter, page)
}

/** A draft with its bodies. */
export async function getDraft(app: App, caller: Caller, id: string): Promise<FullDraft> {
  demand(caller, 'draft_read')
  return reachDraft(app, caller, id)
}

/** Like `getDraft`, for what is done with a draft: the permission asked for is that of the doing. */
export async function reachDraft(app: App, caller: Caller, id: string): Promise<FullDraft> {
  const draft = isUuid(id) ? await app.store.read.drafts.find(reachOf(caller), id as DraftId) : undefined
  if (!draft) throw notFound('draft')
  return draft
}

/** A file of a draft, with a link to its bytes that needs no key for an hour. */
export async function linkDraftAttachment(
  app: App,
  caller: Caller,
  id: string,
  attachment: string,
): Promise<FileLink & { part: DraftAttachment }> {
  const draft = await getDraft(app, caller, id)
  const file = draft.attachments.find((a) => a.id === attachment)
  if (!file) throw notFound('attachment')
  return { part: file, ...linkFile(app, draft.orgId, file) }
}

/** Throws a draft away. */
export async function deleteDraft(app: App, caller: Caller, id: string): Promise<void> {
  demand(caller, 'draft_delete')
  const { mailboxId, id: draftId } = await reachDraft(app, caller, id)
  await app.store.run('drafts.delete', { mailboxId, id: draftId, by: caller.keyId })
}

export interface LabelChange {
  add: string[]
  remove: string[]
}

/** Labels after some were added and some taken away; one that is in both is taken away. */
export function changeLabels(labels: readonly string[], { add, remove }: LabelChange): string[] {
  const removed = new Set(remove.map((label) => label.trim()))
  const kept = [...labels, ...add].filter((label) => !removed.has(label.trim()))
  return checkLabels(kept, 'add_labels')
}
