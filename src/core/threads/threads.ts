import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { isUuid, type ThreadId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { isExpired } from '../mailboxes/policy.ts'
import { contentsWithin } from '../messages/contents-within.ts'
import { demandIncluded, isHidden, maySee } from '../messages/hiding.ts'
import { type FullMessage, keptOnly } from '../messages/messages.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Thread } from './model.ts'
import type { ThreadFilter } from './store.ts'

/** The threads of a mailbox, latest activity first. */
export async function listThreads(
  app: App,
  caller: Caller,
  mailbox: string,
  filter: ThreadFilter,
  page: PageRequest,
): Promise<Page<Thread> & { mailbox: Mailbox }> {
  demandFilter(caller, filter)
  const found = await reachMailbox(app, caller, mailbox)
  const reach = { orgId: found.orgId, projectId: null, mailboxId: found.id }
  return { mailbox: found, ...(await app.store.read.threads.list(reach, keptOnly(app, found, filter), page)) }
}

/** Refuses to show what the caller's labels hide from it. */
export function demandFilter(caller: Caller, filter: ThreadFilter): void {
  demand(caller, 'message_read')
  demandIncluded(caller, filter)
}

/** A thread with its messages in full, oldest first: those that lists show, or all when all are hidden. */
export async function getThread(
  app: App,
  caller: Caller,
  mailbox: string,
  id: string,
): Promise<{ mailbox: Mailbox; thread: Thread; messages: FullMessage[] }> {
  demand(caller, 'message_read')
  const found = await reachMailbox(app, caller, mailbox)
  const thread = await reach(app, found, id)
  const all = await app.store.read.messages.ofThread(thread.id)
  const now = app.clock.now()
  const kept = all.filter((m) => !isExpired(found, m, now))
  const shown = kept.filter((m) => (thread.hidden ? maySee(caller, m) : !isHidden(m)))
  if (shown.length === 0) throw notFound('thread')
  const contents = await contentsWithin(app.store.read.messages, shown)
  const messages = shown.flatMap((message) => {
    const content = contents.get(message.id)
    return content ? [{ mailbox: found, message, content }] : []
  })
  return { mailbox: found, thread, messages }
}

async function reach(app: App, mailbox: Mailbox, id: string): Promise<Thread> {
  const thread = isUuid(id) ? await app.store.read.threads.get(mailbox.id, id as ThreadId) : undefined
  if (!thread) throw notFound('thread')
  return thread
}

/** Deletes a thread with all its messages. */
export async function deleteThread(app: App, caller: Caller, mailbox: string, id: string): Promise<void> {
  demand(caller, 'message_delete')
  const found = await reachMailbox(app, caller, mailbox)
  const thread = await reach(app, found, id)
  await app.store.run('threads.delete', { orgId: found.orgId, mailboxId: found.id, id: thread.id })
}
