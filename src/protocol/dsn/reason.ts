import { CODED_UNKNOWN, FORMAL_PHRASES, LATE_PHRASES, PHRASES, STRONG_UNKNOWN, WEAK_UNKNOWN } from './reason-phrases.ts'
import { parseStatusCode } from './status-code.ts'

/** Why a message was not delivered. Only the first four can be hard. */
export type Reason =
  | 'user_unknown'
  | 'host_unknown'
  | 'moved'
  | 'no_mail_service'
  | 'recipient_refused'
  | 'mailbox_full'
  | 'mailbox_disabled'
  | 'message_too_large'
  | 'authentication'
  | 'blocked'
  | 'reverse_dns'
  | 'sender_rejected'
  | 'relaying_denied'
  | 'rate_limited'
  | 'spam'
  | 'virus'
  | 'policy'
  | 'security'
  | 'content'
  | 'not_compliant'
  | 'protocol'
  | 'network'
  | 'expired'
  | 'system'
  | 'delivery_program'
  | 'delivered'
  | 'complaint'
  | 'auto_reply'
  | 'undefined'

export type SmtpCommand = 'CONN' | 'MAIL' | 'RCPT' | 'DATA'

export interface Evidence {
  status: string | null
  command: SmtpCommand | null
  /** The notice holds a reply code or a status code. */
  coded: boolean
  /** The words are a template that the owner of the address chose: they prove nothing. */
  canned: boolean
  /** Texts from the most to the least specific: diagnostic, the lines about the recipient, the whole notice. */
  texts: readonly string[]
}

const PERMANENT_ADDRESS_FAILURE: ReadonlySet<Reason> = new Set([
  'user_unknown',
  'host_unknown',
  'moved',
  'no_mail_service',
])

/** True only for a permanent failure of the address: anything else passes, or is about the message or its sender. */
export function isHard(reason: Reason, status: string | null): boolean {
  return PERMANENT_ADDRESS_FAILURE.has(reason) && status?.[0] === '5'
}

export function reasonFor(evidence: Evidence): Reason {
  const certain = fromCertainStatus(evidence.status)
  // Exchange writes 5.1.10 for an unknown mailbox, RFC 7505 for a domain without mail.
  if (certain === 'no_mail_service' && says(normalise(evidence.texts[0] ?? ''), STRONG_UNKNOWN)) return 'user_unknown'
  if (certain) return certain
  const texts = evidence.texts.map(normalise)
  for (const text of texts) {
    const reason = fromText(text, evidence)
    if (reason) return reason === 'user_unknown' ? (milder(texts, evidence) ?? reason) : reason
  }
  const formal = texts.map((text) => firstPhrase(text, FORMAL_PHRASES, null)).find((reason) => reason !== null)
  return formal ?? fromVagueStatus(evidence.status)
}

const MILDER: ReadonlySet<Reason> = new Set(['mailbox_full', 'mailbox_disabled'])

// Some say "user unknown" for any mailbox out of order, and only the sentences around it tell which.
function milder(texts: readonly string[], { status }: Evidence): Reason | null {
  if (status && /^\d\.1\./.test(status)) return null
  const notice = texts.at(-1) ?? ''
  return notice.length < 1500 ? firstPhrase(notice, PHRASES, MILDER) : null
}

/** Best-effort enhanced code for a text without one (RFC 3463). */
export function statusFromPhrase(text: string): string | null {
  const reason = fromText(normalise(text), { status: null, command: 'RCPT', coded: true, canned: false, texts: [] })
  return (reason && STATUS_OF[reason]) ?? null
}

const STATUS_OF: Partial<Record<Reason, string>> = {
  user_unknown: '5.1.1',
  host_unknown: '5.1.2',
  moved: '5.1.6',
  no_mail_service: '5.1.10',
  mailbox_full: '5.2.2',
  mailbox_disabled: '5.2.1',
  message_too_large: '5.3.4',
  sender_rejected: '5.1.8',
  relaying_denied: '5.7.1',
  authentication: '5.7.26',
  reverse_dns: '5.7.25',
  spam: '5.7.1',
  blocked: '5.7.1',
  policy: '5.7.1',
  security: '5.7.0',
  virus: '5.7.1',
  content: '5.6.0',
  protocol: '5.5.0',
  network: '4.4.1',
  expired: '4.4.7',
  system: '4.3.0',
  rate_limited: '4.7.1',
}

const CERTAIN: Record<string, Reason> = {
  '1.6': 'moved',
  '1.7': 'sender_rejected',
  '1.8': 'sender_rejected',
  '1.10': 'no_mail_service',
  '2.2': 'mailbox_full',
  '2.3': 'message_too_large',
  '3.1': 'system',
  '3.2': 'no_mail_service',
  '3.4': 'message_too_large',
  '4.6': 'network',
  '7.13': 'mailbox_disabled',
  '7.20': 'authentication',
  '7.21': 'authentication',
  '7.22': 'authentication',
  '7.23': 'authentication',
  '7.24': 'authentication',
  '7.25': 'reverse_dns',
  '7.26': 'authentication',
  '7.509': 'authentication',
}

function fromCertainStatus(status: string | null): Reason | null {
  if (status?.[0] !== '5' && status?.[0] !== '4') return null
  return CERTAIN[status.slice(2)] ?? null
}

const VAGUE_DETAIL: Record<string, Reason> = {
  '1.1': 'user_unknown',
  '1.2': 'host_unknown',
  '1.3': 'user_unknown',
  '4.0': 'network',
  '4.7': 'expired',
}
const VAGUE_SUBJECT: Reason[] = [
  'undefined',
  'recipient_refused',
  'recipient_refused',
  'system',
  'network',
  'protocol',
  'content',
  'policy',
]

function fromVagueStatus(status: string | null): Reason {
  const code = status ? parseStatusCode(status) : null
  if (!code) return 'undefined'
  return VAGUE_DETAIL[`${code.subject}.${code.detail}`] ?? VAGUE_SUBJECT[code.subject] ?? 'undefined'
}

// With "bad destination mailbox" (x.1.1) only these may still be the true reason.
const BESIDE_BAD_MAILBOX: ReadonlySet<Reason> = new Set([
  'mailbox_full',
  'rate_limited',
  'relaying_denied',
  'blocked',
  'sender_rejected',
])

function fromText(text: string, evidence: Evidence): Reason | null {
  if (!text) return null
  const badMailbox = evidence.status?.slice(1) === '.1.1'
  const early = firstPhrase(text, PHRASES, badMailbox ? BESIDE_BAD_MAILBOX : null)
  if (early) return beforeRecipient(early, evidence.command)
  return unknownMailbox(text, evidence) ?? (badMailbox ? null : firstPhrase(text, LATE_PHRASES, null))
}

function firstPhrase(text: string, lists: typeof PHRASES, allowed: ReadonlySet<Reason> | null): Reason | null {
  for (const [reason, phrases] of lists) {
    if ((!allowed || allowed.has(reason)) && says(text, phrases)) return reason
  }
  return null
}

const says = (text: string, phrases: readonly string[]) => phrases.some((phrase) => contains(text, phrase))

// Before RCPT the server has not seen the address: it speaks of us.
function beforeRecipient(reason: Reason, command: SmtpCommand | null): Reason {
  const early = command === 'MAIL' || command === 'CONN'
  return early && PERMANENT_ADDRESS_FAILURE.has(reason) ? 'sender_rejected' : reason
}

// "User unknown" is also what filters answer after DATA, or for mailboxes that refuse just this sender. It is believed
// as an answer to RCPT or with a code of the address (x.1.z); plainer words are believed unless the code speaks of
// the mailbox's state, the system, the content or a policy.
function unknownMailbox(text: string, { status, command, coded, canned }: Evidence): Reason | null {
  const strong = says(text, STRONG_UNKNOWN) || (coded && says(text, CODED_UNKNOWN))
  if (!strong && !says(text, WEAK_UNKNOWN) && !says(text, CODED_UNKNOWN)) return null
  if (canned) return 'recipient_refused'
  if (command === 'MAIL' || command === 'CONN') return 'sender_rejected'
  if (command === 'RCPT' || (status && /^\d\.1\.[13]$/.test(status))) return 'user_unknown'
  const elsewhere = status !== null && /^\d\.[2367]\./.test(status)
  return strong && !elsewhere ? 'user_unknown' : 'recipient_refused'
}

const MAX_TEXT = 6000

/** Lower case on one line, without links, addresses and host names: their letters must not look like words. */
export function normalise(text: string): string {
  return text
    .slice(0, MAX_TEXT)
    .toLowerCase()
    .replace(/https?:\/\/[^\s<>"]+/g, ' ')
    .replace(/[^\s<>"(),;:[\]]{0,200}@[^\s<>"(),;:[\]]{1,200}/g, ' ')
    .replace(/(?<![\w.-])(?=[\w.-]*[a-z])[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?![\w-])/g, ' ')
    .replace(/(?<=\s|^)[45]\d\d-(?:\d\.\d\.\d{1,3})?/g, ' ')
    .replace(/[’‘]/g, "'")
    .replace(/\s+/g, ' ')
}

const MAX_GAP = 60

/** `a * b` asks for `a` and, within 60 characters behind it, `b`. */
function contains(text: string, phrase: string): boolean {
  const gap = phrase.indexOf(' * ')
  if (gap < 0) return text.includes(phrase)
  const first = phrase.slice(0, gap)
  const second = phrase.slice(gap + 3)
  for (let at = text.indexOf(first); at >= 0; at = text.indexOf(first, at + 1)) {
    const from = at + first.length
    if (text.slice(from, from + MAX_GAP + second.length).includes(second)) return true
  }
  return false
}
