import { parseLooseAddrSpec } from '../address/addr-spec.ts'
import { bodyEntity } from './body.ts'
import type { Draft } from './draft.ts'
import { headerFields } from './header.ts'

/**
 * The message as bytes (RFC 5322, 2045–2047, 2183, 2231, 6532). The same draft always gives the same bytes. Lines end in CRLF and
 * are at most 998 octets; the body is ASCII unless a message/rfc822 attachment is not. Throws ParseError on what cannot be written
 * without changing it, above all line breaks in header values.
 */
export function composeMessage(draft: Draft): Buffer {
  const header = headerFields(draft)
  const { fields, body } = bodyEntity(draft)
  const message = Buffer.concat([Buffer.from(`${header}${fields}\r\n`), ...body])
  return message.subarray(-2).toString('latin1') === '\r\n' ? message : Buffer.concat([message, Buffer.from('\r\n')])
}

/** True when an address has letters beyond ASCII before its `@`: such a message may only go to a server with SMTPUTF8 (RFC 6531). */
export function needsSmtpUtf8({ from, sender, to, cc, replyTo }: Draft): boolean {
  const all = [from, ...(sender ? [sender] : []), ...to, ...cc, ...replyTo]
  return all.some(({ address }) => /[^\0-~]/.test(parseLooseAddrSpec(address).localPart))
}
