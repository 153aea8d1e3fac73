import type { DeliveryRoute } from './route.ts'

/** One transaction with a peer: a message for one or more recipients that take the same way. */
export interface Consignment {
  mailFrom: string
  recipients: string[]
  raw: Buffer
  /** The same mail for a server that takes seven bits only, signed anew; null where that cannot be. Absent: as null. */
  sevenBit?: () => Promise<Buffer | null>
}

/**
 * What the peer said of one recipient. `delivered` when it is the recipient's own server, `sent` when it relays. `untried`: nobody was
 * asked, for a reason of ours; it says so with `retryAfterSeconds`, and is no attempt.
 */
export interface RecipientReply {
  recipient: string
  result: 'sent' | 'delivered' | 'temporary' | 'permanent' | 'untried'
  host: string | null
  replyCode: number | null
  enhancedCode: string | null
  text: string
  /** With `temporary` and `untried`: the peer, or our own restraint, asks not to come back earlier. */
  retryAfterSeconds?: number
}

/** Takes mail out of the house. Never throws for what a peer does: that is a `temporary` reply. One answer for each recipient. */
export interface MailSender {
  send(route: Exclude<DeliveryRoute, { kind: 'sandbox' }>, consignment: Consignment): Promise<RecipientReply[]>
  /** The process ends: whatever is under way is cut off, and answered as `temporary`. */
  hangUp?(): void
}
