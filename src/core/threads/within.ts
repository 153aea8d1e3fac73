import { setImmediate } from 'node:timers/promises'
import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { isUuid, type ThreadId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { type AttachmentLink, linkFile } from '../messages/attachment-links.ts'
import { contentsFromFirst } from '../messages/contents-within.ts'
import { isHidden, maySee } from '../messages/hiding.ts'
import { checkLabels } from '../messages/labels.ts'
import type { FullMessage } from '../messages/messages.ts'
import type { Message, Part } from '../messages/model.ts'
import type { PageRequest } from '../paging.ts'
import type { Thread } from './model.ts'
import type { ThreadFilter } from './store.ts'
import { demandFilter } from './threads.ts'

/** A thread as it is shown beside those of other mailboxes. */
export interface ThreadView {
  thread: Thread
  mailbox: Mailbox
  /** Undefined when it went while we looked. */
  lastMessage: Message | undefined
  /** Of the messages that lists show, oldest first. */
  attachments: Part[]
}

/** The threads of all mailboxes that the caller reaches, latest activity first. */
export async function listThreadsWithin(
  app: App,
  caller: Caller,
  filter: ThreadFilter,
  page: PageRequest,
): Promise<ThreadView[]> {
  demandFilter(caller, filter)
  const { items } = await app.store.read.threads.list(reachOf(caller), filter, page)
  return viewThreads(app, items)
}

/** Threads with what is shown of them; those whose mailbox has just gone are left out. */
export async function viewThreads(app: App, threads: readonly Thread[]): Promise<ThreadView[]> {
  const { read } = app.store
  const [mailboxes, last, parts] = await Promise.all([
    read.mailboxes.withIds([...new Set(threads.map((t) => t.mailboxId))]),
    read.messages.withIds(threads.map((t) => t.lastMessageId)),
    read.threads.parts(threads.map((t) => t.id)),
  ])
  const lastById = new Map(last.map((message) => [message.id, message]))
  return threads.flatMap((thread) => {
    const mailbox = mailboxes.get(thread.mailboxId)
    const lastMessage = lastById.get(thread.lastMessageId)
    return mailbox ? [{ thread, mailbox, lastMessage, attachments: parts.get(thread.id) ?? [] }] : []
  })
}

export interface ThreadPage extends ThreadView {
  /** Oldest first. */
  messages: FullMessage[]
  /** There are older ones than these. */
  older: boolean
}

/** A thread with the newest of its messages, those before `page.after`, in full: as many of them as one answer holds. */
export async function openThreadWithin(app: App, caller: Caller, id: string, page: PageRequest): Promise<ThreadPage> {
  demand(caller, 'message_read')
  const { view, shown } = await reachThread(app, caller, id)
  const { after } = page
  const before = after ? shown.filter((m) => m.at < after.at || (m.at === after.at && m.id < after.id)) : shown
  const newest = before.slice(-page.limit).reverse()
  const { fitting, contents } = await contentsFromFirst(app.store.read.messages, newest, setImmediate)
  const messages = fitting.reverse().flatMap((message) => {
    const content = contents.get(message.id)
    return content ? [{ mailbox: view.mailbox, message, content }] : []
  })
  return { ...view, messages, older: fitting.length < before.length }
}

async function reachThread(app: App, caller: Caller, id: string) {
  const { read } = app.store
  const thread = isUuid(id) ? await read.threads.within(reachOf(caller), id as ThreadId) : undefined
  const [view] = thread ? await viewThreads(app, [thread]) : []
  if (!view) throw notFound('thread')
  const all = await read.messages.ofThread(view.thread.id)
  const shown = all.filter((m) => (view.thread.hidden ? maySee(caller, m) : !isHidden(m)))
  if (shown.length === 0) throw notFound('thread')
  return { view, shown }
}

/** Labels all messages of a thread; what is in both lists is removed. */
export async function labelThreadWithin(
  app: App,
  caller: Caller,
  id: string,
  change: { addLabels: string[]; removeLabels: string[] },
): Promise<Pick<ThreadView, 'thread' | 'lastMessage'>> {
  const addLabels = checkLabels(change.addLabels, 'add_labels')
  const removeLabels = checkLabels(change.removeLabels, 'remove_labels')
  demand(caller, 'message_update')
  const { thread, lastMessage } = (await reachThread(app, caller, id)).view
  const labels = { addLabels, removeLabels }
  const changed = await app.store.run('threads.label', { mailboxId: thread.mailboxId, id: thread.id, ...labels })
  return { thread: changed, lastMessage }
}

/** Deletes a thread with all its messages. */
export async function deleteThreadWithin(app: App, caller: Caller, id: string): Promise<void> {
  demand(caller, 'message_delete')
  const { thread } = (await reachThread(app, caller, id)).view
  await app.store.run('threads.delete', { orgId: thread.orgId, mailboxId: thread.mailboxId, id: thread.id })
}

/** A link to an attachment of any message of a thread. */
export async function linkThreadAttachment(
  app: App,
  caller: Caller,
  id: string,
  partId: string,
): Promise<AttachmentLink> {
  demand(caller, 'message_read')
  const { shown } = await reachThread(app, caller, id)
  const part = shown.flatMap((m) => m.attachments).find((a) => a.id === partId)
  if (!part) throw notFound('attachment')
  return { part, ...linkFile(app, caller.orgId, part) }
}
