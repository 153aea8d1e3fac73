import type { Reach } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import type { EventId, OrgId } from '../ids.ts'
import { mailboxProjects } from './mailbox-projects.ts'
import type { LoggedEvent } from './model.ts'

/** How many entries wait in memory for one reader; behind that the log itself keeps them. */
const BUFFER = 1000
const BATCH = 200

export interface FollowOptions {
  reach: Reach
  /** Begins behind this entry; without it, with what happens from now on. */
  from?: EventId
  /** Ends the iteration. Needed even for one that is never begun. */
  signal: AbortSignal
  /** Called when the reader is so slow that the buffer is full. It misses nothing: it goes on from the log. */
  lagging?: () => void
}

/**
 * The entries of the log in their order, until the signal or the end of the server. When the promise resolves the reader is
 * registered: whatever is committed later comes. Catching up and being live are one loop, and a slow reader costs bounded memory.
 */
export async function followEvents(app: App, options: FollowOptions): Promise<AsyncIterable<LoggedEvent>> {
  const { reach, from, signal } = options
  const { events } = app.store.read
  const start = from === undefined ? undefined : await events.seqOf(reach.orgId, from)
  if (from !== undefined && start === undefined) throw notFound('event')
  const buffer = new Buffered(reach.orgId, options.lagging)
  if (start !== undefined) buffer.startBehind(start)
  const leave = await app.feed.join(buffer)
  const stop = () => {
    leave()
    buffer.end()
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return read(app, buffer, reach, stop)
}

async function* read(app: App, buffer: Buffered, reach: Reach, stop: () => void): AsyncIterable<LoggedEvent> {
  const within = reachFilter(app, reach)
  try {
    while (!buffer.ended) {
      const events = buffer.behind ? await buffer.catchUp(app) : await buffer.next()
      for (const event of events) {
        if (await within(event)) yield event
        if (buffer.ended) return
      }
    }
  } finally {
    stop()
  }
}

/** What has been heard and not yet been read, as far as it fits. */
class Buffered {
  readonly #orgId: OrgId
  readonly #lagging: (() => void) | undefined
  #queue: LoggedEvent[] = []
  #position = -1
  #heard = false
  #wake = () => {}
  behind = false
  ended = false

  constructor(orgId: OrgId, lagging: (() => void) | undefined) {
    this.#orgId = orgId
    this.#lagging = lagging
  }

  startBehind(seq: number): void {
    this.behind = true
    this.#position = seq
  }

  take(events: readonly LoggedEvent[]): void {
    const own = events.filter((event) => event.orgId === this.#orgId && event.seq > this.#position)
    if (own.length === 0) return
    if (this.behind) {
      this.#heard = true
      return
    }
    if (this.#queue.length + own.length > BUFFER) {
      // What is queued is read again from the log, from the place the reader has got to.
      this.#position = (this.#queue[0] ?? own[0])!.seq - 1
      this.#queue = []
      this.behind = true
      this.#lagging?.()
    } else {
      this.#queue.push(...own)
      this.#position = own.at(-1)!.seq
    }
    this.#wake()
  }

  end(): void {
    this.ended = true
    this.#wake()
  }

  /** The next ones from the log; it is live again when there are none and none has been heard of meanwhile. */
  async catchUp(app: App): Promise<LoggedEvent[]> {
    this.#heard = false
    const events = await app.store.read.events.after(this.#position, BATCH, this.#orgId)
    this.#position = events.at(-1)?.seq ?? this.#position
    if (events.length === 0 && !this.#heard) this.behind = false
    return events
  }

  /** Waits for news; empty when it is over, or when there was too much of it. */
  async next(): Promise<LoggedEvent[]> {
    if (this.#queue.length === 0 && !this.behind && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#queue.splice(0)
  }
}

/** Which entries are within a reach. An entry of no mailbox belongs to the whole organization. */
function reachFilter(app: App, { orgId, projectId, mailboxId }: Reach) {
  const projectOf = mailboxProjects(app, orgId)
  return async (event: LoggedEvent): Promise<boolean> => {
    if (mailboxId !== null) return event.mailboxId === mailboxId
    if (projectId === null) return true
    return event.mailboxId !== null && (await projectOf(event.mailboxId)) === projectId
  }
}
