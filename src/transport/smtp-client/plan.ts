import type { Consignment } from '../../core/outbound/mail-sender.ts'
import { toAsciiDomain } from '../../protocol/dns/domain-name.ts'
import { type MessageNeeds, messageNeeds } from '../../protocol/smtp/message-needs.ts'
import { type Answer, refusedHere } from './answer.ts'
import type { SmtpConnection } from './smtp-connection.ts'

export interface Plan {
  /** Recipients that this server need not be asked about. */
  answers: Map<string, Answer>
  /** The MAIL command. */
  mail: string
  /** RCPT commands by recipient. */
  recipients: Map<string, string>
}

const needsOf = new WeakMap<Buffer, MessageNeeds>()

/** True when the message has bytes that this server does not take. */
export function lacksEightBit({ extensions }: Pick<SmtpConnection, 'extensions'>, raw: Buffer): boolean {
  const needs = needsFor(raw)
  return (needs.eightBitBody && !extensions.eightBitMime) || (needs.eightBitHeader && !extensions.smtpUtf8)
}

function needsFor(raw: Buffer): MessageNeeds {
  const needs = needsOf.get(raw) ?? messageNeeds(raw)
  needsOf.set(raw, needs)
  return needs
}

/** What can be said to this server, given what it offers. What needs more than that comes back (docs/decisions/conversion.md). */
export function plan(
  { extensions, peer }: Pick<SmtpConnection, 'extensions' | 'peer'>,
  consignment: Consignment,
): Plan {
  const { raw, recipients } = consignment
  const needs = needsFor(raw)
  const refuseAll = (answer: Answer): Plan => ({
    answers: new Map(recipients.map((recipient) => [recipient, answer])),
    mail: '',
    recipients: new Map(),
  })
  const { maxSizeBytes, smtpUtf8, eightBitMime } = extensions
  if (maxSizeBytes !== null && raw.length > maxSizeBytes) {
    return refuseAll(
      refusedHere(peer.host, 552, '5.3.4', `The message is larger than the ${maxSizeBytes} octets the server takes`),
    )
  }
  if (needs.eightBitBody && !eightBitMime) {
    return refuseAll(refusedHere(peer.host, 554, '5.6.3', 'The message has 8-bit text, which the server does not take'))
  }
  const from = consignment.mailFrom === '' ? '' : toPath(consignment.mailFrom)
  if (from === null) return refuseAll(refusedHere(null, 553, '5.1.7', 'The sender address cannot be written in SMTP'))
  if (!smtpUtf8 && (needs.eightBitHeader || !isAscii(from))) return refuseAll(noUtf8(peer.host))
  const made: Plan = { answers: new Map(), mail: '', recipients: new Map() }
  for (const recipient of recipients) {
    const to = toPath(recipient)
    if (to === null)
      made.answers.set(recipient, refusedHere(null, 553, '5.1.3', 'The address cannot be written in SMTP'))
    else if (!smtpUtf8 && !isAscii(to)) made.answers.set(recipient, noUtf8(peer.host))
    else made.recipients.set(recipient, `RCPT TO:<${to}>`)
  }
  const utf8 = needs.eightBitHeader || [from, ...made.recipients.keys()].some((address) => !isAscii(address))
  const parameters = [
    ...(extensions.size ? [`SIZE=${raw.length}`] : []),
    ...(needs.eightBitBody || utf8 ? (eightBitMime ? ['BODY=8BITMIME'] : []) : []),
    ...(utf8 ? ['SMTPUTF8'] : []),
  ]
  made.mail = [`MAIL FROM:<${from}>`, ...parameters].join(' ')
  return made
}

function noUtf8(host: string): Answer {
  return refusedHere(host, 553, '5.6.7', 'The server does not take addresses and headers beyond ASCII')
}

/** The address as SMTP has it, its domain in ASCII; null for what could break out of the command. */
function toPath(address: string): string | null {
  const at = address.lastIndexOf('@')
  const localPart = address.slice(0, at)
  const domain = toAsciiDomain(address.slice(at + 1))
  if (at < 1 || domain === null || /[\p{Cc}\u2028\u2029]/u.test(localPart)) return null
  // Outside of quotes, none of these may stand in a path (RFC 5321 §4.1.2).
  if (!/^".*"$/.test(localPart) && /[\s<>()[\]\\,;:@"]/.test(localPart)) return null
  return `${localPart}@${domain}`
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}
