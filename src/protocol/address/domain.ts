import { domainToASCII } from 'node:url'
import { ParseError } from '../parse-error.ts'

const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const LOOSE_LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
const MAX_DOMAIN = 253

/** A domain name in lower-case ASCII (RFC 5890 A-labels), each label checked against the host rules of RFC 5321 §4.1.2; no root dot. */
export function toAsciiDomain(text: string): string {
  return checkLabels(withoutRoot(toAscii(text)), HOST_LABEL)
}

/** The same, but with underscores, which the DNS carries and some senders use (RFC 2181 §11). */
export function toLooseAsciiDomain(text: string): string {
  return checkLabels(withoutRoot(toAscii(text)), LOOSE_LABEL)
}

function toAscii(text: string): string {
  if (text.length > MAX_DOMAIN + 1) throw new ParseError('the domain is too long')
  // ASCII goes around domainToASCII: to the URL host parser `%61` is a letter, `/` an end and `0x7f.1` an IPv4 address.
  if (/^[!-~]*$/.test(text)) return text.toLowerCase()
  if (/[^A-Za-z0-9._\-\u{80}-\u{10ffff}]/u.test(text))
    throw new ParseError('the domain has a character no domain may have')
  return domainToASCII(text)
}

/** `example.com.` is `example.com` (RFC 1034 §3.1); SMTP has no place for the last dot, but people and servers write it. */
function withoutRoot(domain: string): string {
  return domain.endsWith('.') ? domain.slice(0, -1) : domain
}

function checkLabels(domain: string, rule: RegExp): string {
  const labels = domain.split('.')
  if (!labels.every((label) => rule.test(label))) throw new ParseError('the domain is not a domain name')
  if (domain.length > MAX_DOMAIN) throw new ParseError('the domain is too long')
  // No top-level domain is a number (RFC 3696 §2), so this is an IP address without its brackets.
  if (/^\d+$/.test(labels.at(-1) ?? '')) throw new ParseError('the domain is an IP address')
  return domain
}
