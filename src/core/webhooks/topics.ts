import { type Caller, demand } from '../accounts/caller.ts'
import type { EventType, NewEvent } from '../events/model.ts'

/** What can be subscribed to. The variants of `message.received` come only to those who name them. */
export const webhookTopics = [
  'message.received',
  'message.received.spam',
  'message.received.blocked',
  'message.received.unauthenticated',
  'message.sent',
  'message.delivered',
  'message.bounced',
  'message.complained',
  'message.rejected',
  'message.opened',
  'domain.verified',
] as const satisfies (EventType | `message.received.${string}`)[]

export type WebhookTopic = (typeof webhookTopics)[number]

/** The topic of an entry of the log; undefined for what nobody can subscribe to. The intake puts its verdict into `payload.variant`. */
export function topicOf(event: Pick<NewEvent, 'type' | 'payload'>): WebhookTopic | undefined {
  const { variant } = event.payload
  const name = event.type === 'message.received' && variant ? `message.received.${variant}` : event.type
  return webhookTopics.find((topic) => topic === name)
}

/** Refuses topics of mail that the caller may not see. */
export function demandTopics(caller: Caller, topics: readonly WebhookTopic[]): void {
  for (const variant of ['spam', 'blocked', 'unauthenticated'] as const) {
    if (topics.includes(`message.received.${variant}`)) demand(caller, `label_${variant}_read`)
  }
}
