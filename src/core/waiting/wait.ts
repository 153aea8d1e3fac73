import { type Caller, demand } from '../accounts/caller.ts'
import { demandStill } from '../accounts/key-watch.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { demandIncluded } from '../messages/hiding.ts'
import type { OneMessageFilter } from '../messages/matches.ts'
import { type FullMessage, keptOnly } from '../messages/messages.ts'
import type { NextFilter } from '../messages/store.ts'
import { Bell } from './bell.ts'

export interface WaitRequest {
  /** Id or address. */
  mailbox: string
  /**
   * What is waited for, among received messages. With `after`, the oldest one that came later. Without it, the oldest one that was
   * not handed out before: whoever asks again gets the next one, and what came between two waits is not lost.
   */
  criteria: OneMessageFilter
  /** 0 is one look. */
  timeoutMs: number
  /** Ends the wait, because nobody hears the answer any more. */
  signal?: AbortSignal
}

/**
 * Waits for a message and answers it whole; null when the time is up. Registered first, then looked, then slept: a message that is
 * committed at any moment is found. Several who wait for the same message all get it. Whose key ends meanwhile waits no more.
 */
export async function waitForMessage(app: App, caller: Caller, request: WaitRequest): Promise<FullMessage | null> {
  const { criteria, timeoutMs, signal } = request
  demand(caller, 'message_read')
  demandIncluded(caller, criteria)
  const mailbox = await reachMailbox(app, caller, request.mailbox)
  const bell = new Bell()
  const key = stillOpen(app, caller, bell)
  const waiter = { mailboxId: mailbox.id, filter: criteria, bell, keyChanged: key.changed }
  using _seat = await app.waitingRoom.enter(caller, waiter)
  using _keyExpiry = at(app, caller.expiresAt, key.changed)
  using _clock = at(app, app.clock.now() + timeoutMs, () => bell.finish())
  using _expiry = at(app, mailbox.expiresAt, () => bell.ring())
  using _client = finishOn(signal, bell)
  const filter = criteria.after === undefined ? await unfetched(app, mailbox, criteria) : criteria
  for (;;) {
    // Read before the look: whatever ends the wait, there is a look behind it.
    const last = bell.over || timeoutMs <= 0
    const found = await look(app, mailbox, filter)
    if (found || last || signal?.aborted) return found
    await key.check()
    await bell.heard()
    await key.check()
  }
}

/** Asks for the key once after the wait is registered, and again when it has changed. */
function stillOpen(app: App, caller: Caller, bell: Bell) {
  let asked = false
  return {
    changed(): void {
      asked = false
      bell.ring()
    },
    async check(): Promise<void> {
      if (asked) return
      asked = true
      await demandStill(app, caller, 'message_read')
    },
  }
}

async function unfetched(app: App, mailbox: Mailbox, criteria: NextFilter): Promise<NextFilter> {
  return { ...criteria, unfetchedAt: await app.store.read.messages.fetchCount(mailbox.id) }
}

async function look(app: App, { id, orgId }: Mailbox, filter: NextFilter): Promise<FullMessage | null> {
  const { mailboxes, messages } = app.store.read
  const mailbox = await mailboxes.get(orgId, id)
  if (!mailbox || (mailbox.expiresAt !== null && mailbox.expiresAt <= app.clock.now())) throw notFound('mailbox')
  const message = await messages.next(id, keptOnly(app, mailbox, filter))
  const content = message && (await messages.content(message.id))
  if (!message || !content) return null
  if (filter.unfetchedAt !== undefined) {
    await app.store.run('messages.mark-fetched', { mailboxId: id, ids: [message.id] })
  }
  return { mailbox, message, content }
}

function at(app: App, time: number | null, run: () => void): Disposable {
  const cancel = time === null ? () => {} : app.clock.at(time, run)
  return { [Symbol.dispose]: cancel }
}

function finishOn(signal: AbortSignal | undefined, bell: Bell): Disposable {
  const finish = () => bell.finish()
  signal?.addEventListener('abort', finish)
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', finish) }
}
