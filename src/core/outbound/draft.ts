import { parseAddress } from '../../protocol/address/parse-address.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import { Failure, invalid } from '../errors.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import { checkLabels } from '../messages/labels.ts'
import type { MailboxAddress } from '../messages/model.ts'
import type { AttachmentInput } from './attachments.ts'
import { checkHeaders } from './header-rules.ts'

export const MAX_RECIPIENTS = 50
/** Some may be named twice. More than this is not even read: a million addresses would hold everybody up. */
const MAX_WRITTEN = 1_000
const MIB = 1024 * 1024
const MAX_TEXT_BYTES = 5 * MIB
const MAX_SUBJECT = 998

/** What a caller wants to send, as they wrote it: addresses are texts, files are base64 or URLs. */
export interface SendRequest {
  to: string[]
  cc: string[]
  bcc: string[]
  replyTo: string[]
  subject: string
  text: string | null
  html: string | null
  labels: string[]
  attachments: AttachmentInput[]
  headers: Record<string, string>
  /** Whether a picture in the html is to tell when somebody opens it. */
  trackOpens?: true
  /** What text and html may weigh each, when that is not 5 MiB. */
  maxTextBytes?: number
}

/** The same, checked: what the composer and the envelope are made of. */
export interface CheckedDraft {
  to: MailboxAddress[]
  cc: MailboxAddress[]
  bcc: MailboxAddress[]
  replyTo: MailboxAddress[]
  subject: string
  text: string | null
  html: string | null
  labels: string[]
  headers: { name: string; value: string }[]
}

/** Recipients that the message answered named itself, in front of those that the caller wrote. */
export type FoundRecipients = Pick<CheckedDraft, 'to' | 'cc'>

/** Checks the whole; throws `invalid` naming the first field that breaks a rule. */
export function checkDraft(
  request: SendRequest,
  localDomains: readonly string[],
  found: FoundRecipients = { to: [], cc: [] },
): CheckedDraft {
  const fields = checkFields(request)
  if (request.trackOpens && !fields.html) throw invalid('track_opens', 'needs an html body')
  const all = { to: [...found.to, ...fields.to], cc: [...found.cc, ...fields.cc], bcc: fields.bcc }
  return { ...fields, ...distinctRecipients(all, localDomains) }
}

/** Checks each field for itself, recipients may still be missing. */
export function checkFields(request: SendRequest): CheckedDraft {
  return {
    to: parseAll('to', request.to),
    cc: parseAll('cc', request.cc),
    bcc: parseAll('bcc', request.bcc),
    replyTo: parseAll('reply_to', request.replyTo),
    subject: checkSubject(request.subject),
    text: checkText('text', request.text, request.maxTextBytes),
    html: checkText('html', request.html, request.maxTextBytes),
    labels: checkLabels(request.labels),
    headers: checkHeaders(request.headers),
  }
}

function parseAll(field: string, texts: readonly string[]): MailboxAddress[] {
  if (texts.length > MAX_WRITTEN) throw tooMany(field)
  return texts.map((text, at) => {
    try {
      const { name, address } = parseAddress(text)
      return { name, address }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      throw invalid(texts.length === 1 ? [field] : [field, at], error.message)
    }
  })
}

function tooMany(field: string): Failure {
  return invalid(field, `at most ${MAX_RECIPIENTS} recipients in to, cc and bcc together`)
}

type Recipients = Pick<CheckedDraft, 'to' | 'cc' | 'bcc'>

// The first of to, cc, bcc wins. Only of our own domains do we know that the case of a local part means nothing (RFC 5321 §2.4).
export function distinctRecipients({ to, cc, bcc }: Recipients, localDomains: readonly string[]): Recipients {
  const seen = new Set<string>()
  const fresh = (list: MailboxAddress[]) =>
    list.filter(({ address }) => {
      const local = localDomains.includes(address.slice(address.lastIndexOf('@') + 1))
      const key = (local && canonicalOrNone(address)) || address
      return !seen.has(key) && seen.add(key)
    })
  const recipients = { to: fresh(to), cc: fresh(cc), bcc: fresh(bcc) }
  if (seen.size === 0) throw unaddressed()
  if (seen.size > MAX_RECIPIENTS) throw tooMany('to')
  return recipients
}

function unaddressed(): Failure {
  const message = 'at least one recipient is required'
  return new Failure('invalid', `to: ${message}`, { issues: [{ path: ['to'], message }], reason: 'no_recipients' })
}

function checkSubject(subject: string): string {
  if (/[\r\n\0]/.test(subject)) throw invalid('subject', 'must not hold line breaks')
  if (!subject.isWellFormed()) throw invalid('subject', 'must be valid Unicode')
  if ([...subject].length > MAX_SUBJECT) throw invalid('subject', `must have at most ${MAX_SUBJECT} characters`)
  return subject
}

// Half a character, left over where a caller cut a text, is replaced: what is stored and shown is what is sent.
function checkText(field: string, text: string | null, most = MAX_TEXT_BYTES): string | null {
  if (text !== null && Buffer.byteLength(text) > most) throw invalid(field, `must have at most ${most / MIB} MiB`)
  return text?.toWellFormed() ?? null
}
