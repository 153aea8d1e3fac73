import { allFields, type HeaderField, readHead } from '../mime/header-fields.ts'
import { parseMessageId } from '../mime/message-ids.ts'
import { ParseError } from '../parse-error.ts'
import { formatDate } from './date.ts'

export interface Completion {
  /** Our name, for the trace field. */
  host: string
  /** Epoch milliseconds. */
  date: number
  /** For a message that has no Message-ID, or none that is well formed. */
  messageId: string
}

/** Not for the eyes of those who get it, or not the writer's to set (RFC 5322 §3.6.3, RFC 5321 §4.4). */
const REMOVED = new Set(['bcc', 'resent-bcc', 'return-path'])

/**
 * The message that a mail client hands in, fit to leave (RFC 6409 §8): every line ends in CRLF, Bcc is gone, Date and Message-ID are
 * there, and a trace field stands in front. Nothing else changes. A header with lines that are no fields is refused: readers differ in
 * where they see its end.
 */
export function completeMessage(raw: Buffer, completion: Completion): Buffer {
  const message = withCrlf(raw)
  const { fields, bodyOffset, stray, skipped } = readHead(message)
  if (stray > 0) throw new ParseError('a line of the header is no header field')
  if (skipped) throw new ParseError('the header has too many fields')
  const kept = fields.filter((field) => !REMOVED.has(field.name.toLowerCase()) && !isBadId(field))
  const head = [traceOf(completion), ...kept.map(({ raw }) => raw), ...missing(kept, completion)].map(closed)
  return Buffer.concat([Buffer.from(`${head.join('')}\r\n`, 'latin1'), message.subarray(bodyOffset)])
}

// Without the address of the client: those who get the mail have no business with it.
function traceOf({ host, date }: Completion): string {
  return `Received: by ${host} with ESMTPSA;\r\n\t${formatDate(date)}\r\n`
}

function isBadId({ name, value }: HeaderField): boolean {
  return name.toLowerCase() === 'message-id' && parseMessageId(value) === null
}

function missing(kept: readonly HeaderField[], { date, messageId }: Completion): string[] {
  const lacks = (name: string) => allFields(kept, name).length === 0
  return [
    ...(lacks('Date') ? [`Date: ${formatDate(date)}\r\n`] : []),
    ...(lacks('Message-ID') ? [`Message-ID: ${messageId}\r\n`] : []),
  ]
}

// The last field of a message without a body may end with the message.
function closed(field: string): string {
  return field.endsWith('\r\n') ? field : `${field}\r\n`
}

/** CR and LF only ever together: what is signed must be what goes over the wire (RFC 5321 §2.3.8). */
function withCrlf(raw: Buffer): Buffer {
  const text = raw.toString('latin1')
  return /\r(?!\n)|(?<!\r)\n/.test(text) ? Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n'), 'latin1') : raw
}
