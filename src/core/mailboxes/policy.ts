import type { App, Settings } from '../app.ts'
import { Failure, invalid } from '../errors.ts'
import { canonicalOrNone } from './canonical.ts'
import type { Mailbox, MailboxPolicy } from './model.ts'

const MAX_SENDERS = 500
const MAX_ATTACHMENTS = 1000
const MAX_RETENTION_DAYS = 3650
const DAY_MS = 86_400_000

/** What a policy looks at. */
export interface Arrival {
  /** The author that readers see: the first address of From, else the reverse path. */
  author: string
  sizeBytes: number
  /** Every leaf that is not the chosen text or HTML, inline images included; a mail in a mail is one. */
  attachmentCount: number
  /** It passed DMARC. */
  authentic: boolean
}

/** Why a mailbox does not keep a mail. The sender hears of the last two; the others look like success. */
export type DropReason = 'sender' | 'unauthenticated' | 'too_large' | 'too_many_attachments'

/** Why this mail is not kept, if it is not. */
export function refusalOf(policy: MailboxPolicy, arrival: Arrival): DropReason | undefined {
  const { allowedSenders, requireAuthenticatedSender, maxMessageBytes, maxAttachments } = policy
  if (maxMessageBytes !== null && arrival.sizeBytes > maxMessageBytes) return 'too_large'
  if (allowedSenders.length > 0 && !allowedSenders.includes(arrival.author)) return 'sender'
  if (requireAuthenticatedSender && !arrival.authentic) return 'unauthenticated'
  return maxAttachments !== null && arrival.attachmentCount > maxAttachments ? 'too_many_attachments' : undefined
}

/** What the server says about the size of mail from outside. */
export type SizeSettings = Pick<Settings, 'maxMessageBytes' | 'usualMessageBytes'>

/** The largest mail that comes in here from outside. The operator may have lowered the limit of the server since the policy was made. */
export function maxBytesOf(settings: SizeSettings, { maxMessageBytes }: MailboxPolicy): number {
  return Math.min(maxMessageBytes ?? settings.usualMessageBytes, settings.maxMessageBytes)
}

/** Refuses a mail whose sender says that it is larger than the mailbox takes. */
export function refuseDeclaredSize(app: Pick<App, 'settings'>, { policy }: Mailbox, declaredBytes: number): void {
  const limit = maxBytesOf(app.settings, policy)
  if (declaredBytes > limit) throw new Failure('too_large', `The limit is ${limit} bytes`)
}

/** The parts of a policy that are given, in their kept form. */
export function checkPolicy(app: Pick<App, 'settings'>, given: Partial<MailboxPolicy>): Partial<MailboxPolicy> {
  const { allowedSenders, maxMessageBytes, maxAttachments, retentionDays } = given
  checkNumber('max_message_bytes', maxMessageBytes, 1, app.settings.maxMessageBytes)
  checkNumber('max_attachments', maxAttachments, 0, MAX_ATTACHMENTS)
  checkNumber('retention_days', retentionDays, 1, MAX_RETENTION_DAYS)
  return allowedSenders ? { ...given, allowedSenders: checkSenders(allowedSenders) } : given
}

function checkNumber(name: string, value: number | null | undefined, min: number, max: number): void {
  if (value === null || value === undefined) return
  if (!Number.isInteger(value) || value < min || value > max) {
    throw invalid(name, `must be a whole number from ${min} to ${max}`)
  }
}

// Whole addresses: a name beside one, a wildcard or a bare domain would promise what is not done.
function checkSenders(entries: readonly string[]): string[] {
  const senders = entries.map((entry) => {
    const address = entry.includes('*') ? undefined : canonicalOrNone(entry)
    if (address === undefined) throw invalid('allowed_senders', `${entry.slice(0, 320)} is not an address`)
    return address
  })
  const distinct = [...new Set(senders)]
  if (distinct.length > MAX_SENDERS) throw invalid('allowed_senders', `must have at most ${MAX_SENDERS} addresses`)
  return distinct
}

/** When a message of this mailbox is gone, by the policy as it is now; null is never. */
export function expiryOf({ policy }: Pick<Mailbox, 'policy'>, message: { at: number }): number | null {
  return policy.retentionDays === null ? null : message.at + policy.retentionDays * DAY_MS
}

/** Messages at this time or before are gone; undefined where everything is kept. */
export function keptSince({ retentionDays }: MailboxPolicy, now: number): number | undefined {
  return retentionDays === null ? undefined : now - retentionDays * DAY_MS
}

/** True for what nobody may see any more, whether it was swept away or not. */
export function isExpired(mailbox: Pick<Mailbox, 'policy'>, message: { at: number }, now: number): boolean {
  const expiry = expiryOf(mailbox, message)
  return expiry !== null && expiry <= now
}
