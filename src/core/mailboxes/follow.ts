import { type Caller, demand } from '../accounts/caller.ts'
import { untilKeyEnds } from '../accounts/key-watch.ts'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import { followEvents } from '../events/follow.ts'
import type { LoggedEvent } from '../events/model.ts'
import type { EventId } from '../ids.ts'
import { isUuid } from '../ids.ts'
import { reachMailbox } from './mailboxes.ts'

/** What happens in one mailbox, from now on or behind an event that was seen before, until the signal, or the end of the key. */
export async function followMailbox(
  app: App,
  caller: Caller,
  mailbox: string,
  { from, signal }: { from: string | null; signal: AbortSignal },
): Promise<AsyncIterable<LoggedEvent>> {
  demand(caller, 'message_read')
  const { orgId, id } = await reachMailbox(app, caller, mailbox)
  if (from !== null && !isUuid(from)) throw invalid('last-event-id', 'is no event of this stream')
  const start = from === null ? {} : { from: from as EventId }
  const over = await untilKeyEnds(app, caller, 'message_read', signal)
  try {
    return await followEvents(app, { reach: { orgId, projectId: null, mailboxId: id }, signal: over.signal, ...start })
  } catch (error) {
    over.abort()
    throw error
  }
}
