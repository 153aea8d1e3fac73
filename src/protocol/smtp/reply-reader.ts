import { ParseError } from '../parse-error.ts'
import type { SmtpReply } from './reply.ts'

const LF = 0x0a
/** Far above the 512 octets of RFC 5321 §4.5.3.1.5, which nobody counts. */
const MAX_LINE = 4096
const MAX_LINES = 256

/** Reads the replies of a server as their bytes come in (RFC 5321 §4.2.1). */
export class ReplyReader {
  #rest: Buffer = Buffer.alloc(0)
  #lines: string[] = []
  #enhancedCode: string | null = null

  /** The replies that these bytes complete. Throws `ParseError` for what is no reply, or one without end. */
  push(bytes: Buffer): SmtpReply[] {
    const replies: SmtpReply[] = []
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes
    for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF)) {
      const reply = this.#take(data.subarray(0, end))
      if (reply) replies.push(reply)
      data = data.subarray(end + 1)
    }
    if (data.length > MAX_LINE) throw new ParseError('A line of the reply has no end')
    this.#rest = Buffer.from(data)
    return replies
  }

  #take(line: Buffer): SmtpReply | undefined {
    if (line.length > MAX_LINE || this.#lines.length >= MAX_LINES) throw new ParseError('The reply is too long')
    const match = /^([2-5]\d\d)(?:([ -])(.*))?$/s.exec(toText(line).replace(/\r$/, ''))
    if (!match) throw new ParseError('This is no SMTP reply')
    const [, code = '', mark, said = ''] = match
    const enhanced = /^([245])\.\d{1,3}\.\d{1,3}(?=\s|$)/.exec(said)
    // RFC 2034 §4: the class agrees with the reply code, or it is no code but a text that looks like one.
    const found = enhanced?.[1] === code[0] ? enhanced?.[0] : undefined
    this.#enhancedCode ??= found ?? null
    this.#lines.push(found === undefined ? said : said.slice(found.length).trimStart())
    if (mark === '-') return undefined
    const reply = { code: Number(code), enhancedCode: this.#enhancedCode, lines: this.#lines }
    this.#lines = []
    this.#enhancedCode = null
    return reply
  }
}

/** The reply's words as one line without control characters, of at most `max` characters. */
export function replyText({ lines }: SmtpReply, max = 1000): string {
  return lines
    .map((line) => line.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim())
    .filter(Boolean)
    .join(' ')
    .slice(0, max)
    .toWellFormed()
}

// Replies are ASCII by the standard, UTF-8 by habit (RFC 6531 §3.7.4.2).
function toText(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? bytes.toString('latin1') : text
}
