import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import type { MessageId } from '../ids.ts'
import type { Message } from '../messages/model.ts'
import { Bell } from '../waiting/bell.ts'
import type { Delivery } from './model.ts'
import { handedOver } from './status.ts'

export interface Outgoing {
  message: Message
  deliveries: Delivery[]
}

/** The newest messages that were sent from the mailboxes that the caller sees, with what became of them. */
export async function listOutgoing(app: App, caller: Caller, limit: number): Promise<Outgoing[]> {
  demand(caller, 'message_read')
  const found = await app.store.read.messages.newest(reachOf(caller), { direction: 'outbound' }, limit)
  return Promise.all(
    found.map(async ({ message }) => ({ message, deliveries: await app.store.read.outbound.ofMessage(message.id) })),
  )
}

/** When somebody first took it over; null when nobody has yet. */
export function firstHandOver({ deliveries }: Outgoing): number | null {
  const times = deliveries
    .filter(({ status }) => handedOver.includes(status))
    .flatMap(({ attempts }) => attempts.filter(({ replyCode }) => replyCode === null || replyCode < 300))
    .map(({ at }) => at)
  return times.length > 0 ? Math.min(...times) : null
}

/** Why it did not arrive somewhere, in the words of whoever refused it; null when nobody did. */
export function lastRefusal(deliveries: readonly Delivery[]): string | null {
  const refused = deliveries.find(({ status }) => status === 'failed' || status === 'suppressed')
  return refused ? (refused.attempts.at(-1)?.text ?? refused.status) : null
}

/**
 * What became of a message that was just queued, for as long as `settings.sendWaitMs`: a refusal that comes at once is better told now.
 * The message is on its way whatever happens here, so this never throws.
 */
export async function firstOutcome(app: App, id: MessageId): Promise<Delivery[]> {
  try {
    return await settled(app, id)
  } catch (error) {
    app.log.warn({ err: error }, 'what became of a message could not be waited for')
    return []
  }
}

async function settled(app: App, id: MessageId): Promise<Delivery[]> {
  const bell = new Bell()
  const { sendWaitMs } = app.settings
  const look = () => app.store.read.outbound.ofMessage(id)
  if (sendWaitMs === 0) return look()
  const leave = await app.feed.join({
    take: (events) => {
      if (events.some(({ messageId }) => messageId === id)) bell.ring()
    },
    end: () => bell.finish(),
  })
  const cancel = app.clock.at(app.clock.now() + sendWaitMs, () => bell.finish())
  try {
    for (;;) {
      const last = bell.over
      const deliveries = await look()
      if (last || deliveries.every(({ status }) => status !== 'queued' && status !== 'sending')) return deliveries
      await bell.heard()
    }
  } finally {
    cancel()
    leave()
  }
}
