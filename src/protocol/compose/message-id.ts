import { randomBytes } from 'node:crypto'
import { toAsciiDomain } from '../address/domain.ts'
import { ParseError } from '../parse-error.ts'

// `=?` begins an encoded word, and a reader that decodes those would see another id.
const MESSAGE_ID = /^<(?![^>]*=\?)[!-;=?-~]{1,900}>$/

/** A new Message-ID (RFC 5322 §3.6.4). `random` is the half before the `@`. */
export function newMessageId(domain: string, random: string = randomBytes(16).toString('hex')): string {
  return checkMessageId('the Message-ID', `<${random}@${toAsciiDomain(domain)}>`)
}

/**
 * True for what can be written into Message-ID, In-Reply-To and References. Looser than the grammar: ids without `@` are about. Not
 * beyond ASCII (RFC 6532 §3.3): such a message could only go to a server with SMTPUTF8.
 */
export function isMessageId(text: string): boolean {
  return MESSAGE_ID.test(text)
}

/** The id, or a ParseError that says which field was wrong. */
export function checkMessageId(what: string, text: string): string {
  if (!isMessageId(text)) throw new ParseError(`${what} is not one id in angle brackets`)
  return text
}
