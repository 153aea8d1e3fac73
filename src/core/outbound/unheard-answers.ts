import { createHash } from 'node:crypto'
import type { Caller } from '../accounts/caller.ts'
import type { Clock } from '../clock.ts'
import { isCertain } from '../errors.ts'
import { type MessageId, newId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Store } from '../store.ts'
import type { Enqueued } from './enqueue-command.ts'

/** Longer than any client waits between its tries. */
const KEPT_MS = 10 * 60_000
/** A client that has had to ask again may have to ask a third time, and nobody tells us whether a gateway passed the answer on. */
const KEPT_AFTER_USE_MS = 60_000
const MAX_KEPT = 10_000

/** A send without an idempotency key: who asks for what, and the signal that tells that they are gone. */
export interface KeylessSend {
  caller: Caller
  mailbox: Mailbox
  request: unknown[]
  gone: AbortSignal
}

/**
 * Official clients repeat a send by themselves after a 5xx, without a word and without a key. What nobody heard the answer of, because
 * they were gone or the store did not say how it ended, is kept in mind: the same call, made again by the same key, gets that answer
 * and sends nothing. A call whose answer was heard is over; made again, it is another mail.
 */
export interface UnheardAnswers {
  run(send: KeylessSend, enqueue: (id: MessageId) => Promise<Enqueued>): Promise<Enqueued>
}

/** The message of an earlier call: it is there when the call ended well. */
interface Unheard {
  id: MessageId
  until: number
}

interface Running {
  gone: AbortSignal
  answer: Promise<Enqueued>
}

export function unheardAnswersOf(clock: Clock, store: Store): UnheardAnswers {
  const unheard = new Map<string, Unheard>()
  const running = new Map<string, Running[]>()

  function keep(call: string, id: MessageId, forMs = KEPT_MS): void {
    const [oldest] = unheard.keys()
    if (unheard.size >= MAX_KEPT && oldest !== undefined) unheard.delete(oldest)
    unheard.delete(call)
    unheard.set(call, { id, until: clock.now() + forMs })
  }

  function known(call: string): MessageId | undefined {
    const found = unheard.get(call)
    return found && found.until > clock.now() ? found.id : undefined
  }

  // Under the id of the call before, if there was one: should that one still be under way, only one of the two can be kept.
  async function attempt({ mailbox }: KeylessSend, call: string, enqueue: Parameters<UnheardAnswers['run']>[1]) {
    const before = known(call)
    const id = before ?? newId<MessageId>()
    try {
      const sent = before && (await store.read.messages.get(mailbox.id, before))
      if (sent) {
        keep(call, id, KEPT_AFTER_USE_MS)
        return { messageId: sent.id, rfcMessageId: sent.messageId, threadId: sent.threadId }
      }
      return await enqueue(id)
    } catch (error) {
      if (!isCertain(error)) keep(call, id)
      throw error
    }
  }

  async function tell(call: string, gone: AbortSignal, answer: Promise<Enqueued>): Promise<Enqueued> {
    const enqueued = await answer
    const remember = () => keep(call, enqueued.messageId)
    if (gone.aborted) remember()
    else gone.addEventListener('abort', remember, { once: true })
    return enqueued
  }

  return {
    async run(send, enqueue) {
      const call = nameOf(send)
      const others = running.get(call) ?? []
      const left = others.find((other) => other.gone.aborted)
      if (left) return tell(call, send.gone, left.answer)
      const one: Running = { gone: send.gone, answer: attempt(send, call, enqueue) }
      running.set(call, [...others, one])
      try {
        return await tell(call, send.gone, one.answer)
      } finally {
        const rest = (running.get(call) ?? []).filter((other) => other !== one)
        if (rest.length > 0) running.set(call, rest)
        else running.delete(call)
      }
    },
  }
}

function nameOf({ caller, mailbox, request }: KeylessSend): string {
  const whole = JSON.stringify([caller.orgId, caller.keyId, mailbox.id, ...request])
  return createHash('sha256').update(whole).digest('base64url')
}
