import type { ParsedMail } from '../../core/messages/parser.ts'
import { parseMessage } from '../../protocol/mime/parse-message.ts'
import { deriveReading } from '../../protocol/reading/derive.ts'

/** Everything that is read from a mail while it is filed: its structure, its words, and what is derived from them. */
export function parseMail(bytes: Uint8Array): ParsedMail {
  const m = parseMessage(bytes)
  const author = m.from[0]?.address
  const derived = deriveReading({
    subject: m.subject,
    text: m.text,
    html: m.html,
    senderDomain: author === undefined ? null : author.slice(author.lastIndexOf('@') + 1).toLowerCase(),
    isBulk: m.fields.some(({ name }) => name.toLowerCase() === 'list-unsubscribe'),
  })
  return {
    headers: m.fields,
    messageId: m.messageId,
    inReplyTo: m.inReplyTo,
    references: m.references,
    subject: m.subject,
    sentAt: m.date,
    from: m.from,
    replyTo: m.replyTo,
    to: m.to,
    cc: m.cc,
    text: m.text,
    html: m.html,
    ...derived,
    attachments: m.parts.map((p) => ({
      filename: p.filename,
      contentType: p.contentType,
      disposition: p.disposition,
      contentId: p.contentId,
      sizeBytes: p.sizeBytes,
      sha256: p.sha256,
      offset: p.offset,
      length: p.length,
      encoding: p.encoding,
    })),
    defects: m.defects,
  }
}

const MAX_HEAD_BYTES = 64 * 1024

/** What is left for a mail that could not be read: its head, if that can be, and a defect that says so. The raw bytes hold the rest. */
export function parseHeadOnly(bytes: Uint8Array, defect: string): ParsedMail {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEAD_BYTES))
  const end = head.indexOf('\r\n\r\n')
  const parsed = parseMail(end < 0 ? head : head.subarray(0, end + 4))
  return {
    ...parsed,
    text: null,
    html: null,
    risk: null,
    attachments: [],
    defects: [{ code: defect }, ...parsed.defects],
  }
}
