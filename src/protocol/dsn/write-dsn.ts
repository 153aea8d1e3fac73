import { createHash } from 'node:crypto'
import { findField, readHead, unfold } from '../mime/header-fields.ts'

export interface DsnRecipient {
  /** The mailbox that was tried. */
  address: string
  /** The address as the sender gave it (ORCPT, RFC 3461 §4.2), when it differs. */
  originalRecipient?: string
  action: 'failed' | 'delayed'
  /** Enhanced status code (RFC 3463). */
  status: string
  remoteMta?: string
  /** The reply of the remote server as it came. */
  diagnostic?: string
  /** Epoch milliseconds, as all times here. */
  lastAttemptAt?: number
  willRetryUntil?: number
}

export interface DsnInput {
  /** Our host name: Reporting-MTA, and the domain of MAILER-DAEMON. */
  host: string
  /** The reverse path of the message that failed; the report itself is sent with a null one. */
  to: string
  messageId: string
  at: number
  arrivedAt: number
  envelopeId?: string
  recipients: readonly DsnRecipient[]
  /** The message that failed, or its head alone; only the head is sent back. */
  original: Uint8Array
}

const MAX_HEAD = 32 * 1024

/**
 * Writes a delivery status notification (RFC 3464). With an address outside ASCII it takes the types of RFC 6533,
 * and then it needs SMTPUTF8.
 * Whatever stands in the values, no field and no part can be added through them.
 */
export function writeDsn(input: DsnInput): Buffer {
  const utf8 = [input.to, ...input.recipients.flatMap((r) => [r.address, r.originalRecipient ?? ''])].some(isNotAscii)
  const delayed = input.recipients.every((r) => r.action === 'delayed')
  const head = headOfOriginal(input.original)
  const parts = [
    part('text/plain; charset=utf-8', explanation(input, delayed)),
    part(utf8 ? 'message/global-delivery-status' : 'message/delivery-status', statusFields(input, utf8)),
    part(utf8 ? 'message/global-headers' : 'text/rfc822-headers', head),
  ]
  const boundary = boundaryBeside(parts)
  const fields = headerFields(input, delayed, boundary)
  const body = parts.map((p) => Buffer.concat([Buffer.from(`--${boundary}\r\n`), p, Buffer.from('\r\n')]))
  return Buffer.concat([Buffer.from(`${fields.join('\r\n')}\r\n\r\n`), ...body, Buffer.from(`--${boundary}--\r\n`)])
}

function headerFields(input: DsnInput, delayed: boolean, boundary: string): string[] {
  const about = originalMessageId(input.original)
  return [
    `From: Mail Delivery System <MAILER-DAEMON@${word(input.host)}>`,
    `To: <${address(input.to)}>`,
    `Subject: ${delayed ? 'Delayed mail (still being retried)' : 'Undelivered mail returned to sender'}`,
    `Date: ${date(input.at)}`,
    `Message-ID: ${word(input.messageId)}`,
    ...(about ? [`In-Reply-To: ${about}`, `References: ${about}`] : []),
    // RFC 3834 §5: a report answers a message, so "auto-replied".
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"`,
  ]
}

function explanation(input: DsnInput, delayed: boolean): Buffer {
  const opening = delayed
    ? 'Your message has not been delivered yet. It will be tried again; there is\r\nno need to send it once more.'
    : 'Your message could not be delivered to the recipients below.'
  const reasons = input.recipients.map((r) => {
    const until = r.willRetryUntil === undefined ? [] : [`  Tried again until ${date(r.willRetryUntil)}`]
    const said = oneLine(r.diagnostic ?? `status ${r.status}`)
    return [`<${address(r.address)}>:`, ...wrap(said, 70).map((line) => `  ${line}`), ...until].join('\r\n')
  })
  const text = [`This is the mail system at ${word(input.host)}.`, opening, ...reasons].join('\r\n\r\n')
  return Buffer.from(`${text}\r\n`)
}

function statusFields(input: DsnInput, utf8: boolean): Buffer {
  const ofMessage = [
    ...(input.envelopeId ? [field('Original-Envelope-Id', input.envelopeId, utf8)] : []),
    field('Reporting-MTA', `dns; ${word(input.host)}`, utf8),
    field('Arrival-Date', date(input.arrivedAt), utf8),
  ]
  const groups = [ofMessage, ...input.recipients.map((r) => recipientFields(r, utf8))]
  return Buffer.from(groups.map((group) => `${group.join('\r\n')}\r\n`).join('\r\n'))
}

function recipientFields(r: DsnRecipient, utf8: boolean): string[] {
  const typed = (value: string) => `${isNotAscii(value) ? 'utf-8' : 'rfc822'}; ${address(value)}`
  return [
    field('Final-Recipient', typed(r.address), utf8),
    ...(r.originalRecipient ? [field('Original-Recipient', typed(r.originalRecipient), utf8)] : []),
    field('Action', r.action, utf8),
    field('Status', word(r.status), utf8),
    ...(r.remoteMta ? [field('Remote-MTA', `dns; ${r.remoteMta}`, utf8)] : []),
    ...(r.diagnostic ? [field('Diagnostic-Code', `smtp; ${r.diagnostic}`, utf8)] : []),
    ...(r.lastAttemptAt === undefined ? [] : [field('Last-Attempt-Date', date(r.lastAttemptAt), utf8)]),
    ...(r.willRetryUntil === undefined ? [] : [field('Will-Retry-Until', date(r.willRetryUntil), utf8)]),
  ]
}

function field(name: string, value: string, utf8: boolean): string {
  const plain = oneLine(value)
  // Outside the utf-8 types only ASCII may stand in these fields.
  const allowed = utf8 ? plain : plain.replace(/[^\x20-\x7e]/gu, '?')
  return `${name}: ${wrap(allowed, 76 - name.length).join('\r\n ')}`
}

function part(contentType: string, body: Buffer): Buffer {
  const encoding = body.some((byte) => byte > 127) ? '8bit' : '7bit'
  const head = `Content-Type: ${contentType}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

// Drawn from the content itself, so the same input gives the same bytes; drawn again should the content hold it.
function boundaryBeside(parts: readonly Buffer[]): string {
  const content = Buffer.concat(parts)
  let seed = createHash('sha256').update(content).digest()
  while (content.includes(boundaryFrom(seed))) seed = createHash('sha256').update(seed).digest()
  return boundaryFrom(seed)
}

const boundaryFrom = (seed: Buffer) => `dsn-${seed.toString('hex').slice(0, 32)}`

function headOfOriginal(original: Uint8Array): Buffer {
  const { bodyOffset } = readHead(original, 0, Math.min(original.length, MAX_HEAD), 1000)
  const head = Buffer.from(original.buffer, original.byteOffset, Math.min(bodyOffset, MAX_HEAD)).toString('latin1')
  const lines = head.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '')
  // RFC 5321 §4.5.3.1.6: a line has at most 998 octets.
  return Buffer.from(lines.map((line) => `${line.replace(/\0/g, '').slice(0, 998)}\r\n`).join(''), 'latin1')
}

function originalMessageId(original: Uint8Array): string | null {
  const { fields } = readHead(original, 0, Math.min(original.length, MAX_HEAD), 1000)
  const value = unfold(findField(fields, 'message-id')?.value ?? '')
  return /^<[!-;=?-~]{1,250}>$/.exec(value)?.[0] ?? null
}

function date(at: number): string {
  return new Date(at).toUTCString().replace(/GMT$/, '+0000')
}

function oneLine(text: string): string {
  return text
    .slice(0, 4000)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
}

// At most 500 octets: no address or host name is longer (RFC 5321 §4.5.3.1.3), and no line grows past its limit.
const word = (text: string) =>
  Buffer.from(text)
    .subarray(0, 500)
    .toString()
    .replace(/[\p{C}\s\uFFFD]/gu, '')
const address = (text: string) => word(text).replace(/[<>]/g, '')
const isNotAscii = (text: string) => /[^\x00-\x7f]/.test(text)

/** Lines of about that many characters, broken at blanks; a longer word stands alone, cut at 200 characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const piece of text.split(' ').flatMap((w) => w.match(/.{1,200}/gsu) ?? [])) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + piece.length <= width) lines[lines.length - 1] = `${last} ${piece}`
    else lines.push(piece)
  }
  return lines
}
