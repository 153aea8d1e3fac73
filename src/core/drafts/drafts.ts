import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import { narrow } from '../accounts/narrow.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { type DraftId, isUuid } from '../ids.ts'
import { type FileLink, linkFile } from '../messages/attachment-links.ts'
import { checkLabels } from '../messages/labels.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Draft, DraftAttachment, FullDraft } from './model.ts'
import type { DraftFilter } from './store.ts'

/** The drafts of a mailbox, or of all that the caller reaches, last changed first. */
export async function listDrafts(
  app: App,
  caller: Caller,
  mailbox: string | null,
  filter: DraftFilter,
  page: PageRequest,
): Promise<Page<Draft>> {
  demand(caller, 'draft_read')
  const reach = reachOf(await within(app, caller, mailbox))
  return app.store.read.drafts.list(reach, filter, page)
}

/** A draft with its bodies. */
export async function getDraft(app: App, caller: Caller, mailbox: string | null, id: string): Promise<FullDraft> {
  demand(caller, 'draft_read')
  return reachDraft(app, caller, mailbox, id)
}

/** Like `getDraft`, for what is done with a draft: the permission asked for is that of the doing. */
export async function reachDraft(app: App, caller: Caller, mailbox: string | null, id: string): Promise<FullDraft> {
  const reach = reachOf(await within(app, caller, mailbox))
  const draft = isUuid(id) ? await app.store.read.drafts.find(reach, id as DraftId) : undefined
  if (!draft) throw notFound('draft')
  return draft
}

async function within(app: App, caller: Caller, mailbox: string | null): Promise<Caller> {
  return mailbox === null ? caller : narrow(app, caller, { mailbox })
}

/** A file of a draft, with a link to its bytes that needs no key for an hour. */
export async function linkDraftAttachment(
  app: App,
  caller: Caller,
  mailbox: string | null,
  id: string,
  attachment: string,
): Promise<FileLink & { file: DraftAttachment }> {
  const draft = await getDraft(app, caller, mailbox, id)
  const file = draft.attachments.find((a) => a.id === attachment)
  if (!file) throw notFound('attachment')
  return { file, ...linkFile(app, draft.orgId, file) }
}

/** Throws a draft away. */
export async function deleteDraft(app: App, caller: Caller, mailbox: string, id: string): Promise<void> {
  demand(caller, 'draft_delete')
  const { mailboxId, id: draftId } = await reachDraft(app, caller, mailbox, id)
  await app.store.run('drafts.delete', { mailboxId, id: draftId, by: caller.keyId })
}

/** Labels after some were added and some taken away; one that is in both is taken away. */
export function changeLabels(labels: readonly string[], change: LabelChange): string[] {
  const removed = new Set(change.remove.map((label) => label.trim()))
  return checkLabels([...labels, ...change.add], 'add_labels').filter((label) => !removed.has(label))
}

export interface LabelChange {
  add: string[]
  remove: string[]
}
