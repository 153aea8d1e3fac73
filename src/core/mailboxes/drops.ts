import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import type { LoggedEvent } from '../events/model.ts'
import type { Page, PageRequest } from '../paging.ts'
import { reachMailbox } from './mailboxes.ts'

/** How long an owner can ask what was thrown away. */
const TOLD_FOR_MS = 7 * 86_400_000

/** What the policy of a mailbox did not let in during the last week, newest first. */
export async function listDrops(
  app: App,
  caller: Caller,
  mailbox: string,
  page: PageRequest,
): Promise<Page<LoggedEvent>> {
  demand(caller, 'message_read')
  const { id } = await reachMailbox(app, caller, mailbox)
  return app.store.read.events.drops(id, app.clock.now() - TOLD_FOR_MS, page)
}
