import { isIPv4, isIPv6 } from 'node:net'
import { ParseError } from '../parse-error.ts'
import { ATEXT, isDotAtom } from './atext.ts'
import { toAsciiDomain, toLooseAsciiDomain } from './domain.ts'
import { readQuotedString, writeQuotedString } from './quoted-string.ts'

/** `address` is always `localPart@domain`; the local part keeps its case, and its quotes only where it needs them. */
export interface AddrSpec {
  address: string
  localPart: string
  domain: string
}

interface Rules {
  isLocalPart(text: string): boolean
  toDomain(text: string): string
  maxLocalPart: number
  maxAddress: number
}

// RFC 5321 §4.5.3.1: 64 octets before the @, and a path of 256 with its angle brackets.
const STRICT: Rules = { isLocalPart: isDotAtom, toDomain: toAsciiDomain, maxLocalPart: 64, maxAddress: 254 }

// What the world sends: dots side by side, long bounce addresses, underscores in domains, address literals.
const DOTS_ANYWHERE = new RegExp(`^[.${ATEXT}]+$`, 'u')
const LOOSE: Rules = {
  isLocalPart: (text) => DOTS_ANYWHERE.test(text),
  toDomain: (text) => (text.startsWith('[') ? toAddressLiteral(text) : toLooseAsciiDomain(text)),
  maxLocalPart: 255,
  maxAddress: 320,
}

// No allowed address is longer, even with every character of it escaped. Nothing below sees more than this.
const MAX_TEXT = 1000

/** An address we are asked to write to, to the letter of RFC 5321 §4.1.2, RFC 5322 §3.4.1 and RFC 6531 §3.3; no address literal. */
export function parseAddrSpec(text: string): AddrSpec {
  return parse(text, STRICT)
}

/** An address others gave us: same safety, fewer rules. What needs quotes by the standard comes back in quotes. */
export function parseLooseAddrSpec(text: string): AddrSpec {
  return parse(text, LOOSE)
}

/** The local part without its quotes and escapes. */
export function localPartValue(localPart: string): string {
  return localPart.startsWith('"') ? readQuotedString(localPart, 0).value : localPart
}

/** The local part with this value, in quotes only where it needs them. */
export function toLocalPart(value: string): string {
  return isDotAtom(value) ? value : writeQuotedString(value)
}

/** Throws on what has no place in an address or a name: control characters, and halves of surrogate pairs. */
export function refuseControls(text: string): void {
  if (/\p{Cc}/u.test(text)) throw new ParseError('the address has a control character')
  if (!text.isWellFormed()) throw new ParseError('the address is not valid Unicode')
}

function parse(text: string, rules: Rules): AddrSpec {
  if (text.length > MAX_TEXT) throw new ParseError('the address is too long')
  refuseControls(text)
  const [value, rest] = text.startsWith('"') ? splitQuoted(text) : splitPlain(text, rules)
  refuseInvisible(value)
  const localPart = toLocalPart(value)
  const domain = rules.toDomain(rest)
  const address = `${localPart}@${domain}`
  if (Buffer.byteLength(localPart) > rules.maxLocalPart) throw new ParseError('the part before the @ is too long')
  if (Buffer.byteLength(address) > rules.maxAddress) throw new ParseError('the address is too long')
  return { address, localPart, domain }
}

function splitQuoted(text: string): [string, string] {
  const { value, end } = readQuotedString(text, 0)
  if (text[end] !== '@') throw new ParseError('the address has no @ behind its quoted part')
  return [value, text.slice(end + 1)]
}

function splitPlain(text: string, rules: Rules): [string, string] {
  const at = text.lastIndexOf('@')
  if (at < 0) throw new ParseError('the address has no @')
  const value = text.slice(0, at)
  if (!rules.isLocalPart(value)) throw new ParseError('the part before the @ has a character that is not allowed there')
  return [value, text.slice(at + 1)]
}

// Two addresses that look the same should be the same: no blanks but the quoted one, no format characters but the two joiners
// that some scripts cannot be spelled without.
function refuseInvisible(value: string): void {
  if (/(?! )\p{Z}|(?![\u200c\u200d])\p{Cf}/u.test(value)) throw new ParseError('the address has an invisible character')
}

/** RFC 5321 §4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
function toAddressLiteral(text: string): string {
  const [, ip6, ip4] = /^\[(?:ipv6:([0-9a-f:.]{2,45})|([0-9.]{7,15}))\]$/i.exec(text) ?? []
  if (ip4 && isIPv4(ip4)) return `[${ip4}]`
  if (ip6 && isIPv6(ip6)) return `[IPv6:${ip6.toLowerCase()}]`
  throw new ParseError('the address literal is not an IP address')
}
