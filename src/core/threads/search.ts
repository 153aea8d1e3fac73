import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import type { ThreadId } from '../ids.ts'
import { contentsWithin } from '../messages/contents-within.ts'
import { type Highlights, highlight } from '../messages/highlights.ts'
import type { Message } from '../messages/model.ts'
import { findMatches, type SearchBounds } from '../messages/search.ts'
import type { PageRequest } from '../paging.ts'
import { type ThreadView, viewThreads } from './within.ts'

export interface FoundThread extends ThreadView {
  highlights: Highlights
}

/** The threads with a message that has all words of a query, those with the best match first. */
export async function searchThreads(
  app: App,
  caller: Caller,
  text: string,
  bounds: SearchBounds,
  { offset = 0, limit }: PageRequest,
): Promise<FoundThread[]> {
  demand(caller, 'message_read')
  const best = new Map<ThreadId, Message>()
  for (const message of await findMatches(app, reachOf(caller), text, bounds)) {
    if (!best.has(message.threadId)) best.set(message.threadId, message)
  }
  const hits = [...best.values()].slice(offset, offset + limit)
  const { read } = app.store
  const threads = await Promise.all(hits.map((hit) => read.threads.get(hit.mailboxId, hit.threadId)))
  const views = await viewThreads(
    app,
    threads.filter((thread) => thread !== undefined),
  )
  const contents = await contentsWithin(read.messages, hits)
  return views.flatMap((view) => {
    const hit = best.get(view.thread.id)
    return hit ? [{ ...view, highlights: highlight(text, hit, contents.get(hit.id)) }] : []
  })
}
