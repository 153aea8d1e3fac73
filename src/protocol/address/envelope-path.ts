import { ParseError } from '../parse-error.ts'
import { type AddrSpec, parseLooseAddrSpec, refuseControls } from './addr-spec.ts'
import { toLooseAsciiDomain } from './domain.ts'
import { readQuotedString } from './quoted-string.ts'

/** What follows `MAIL FROM:` or `RCPT TO:` (RFC 5321 §4.1.2). */
export interface EnvelopePath {
  /** Empty for the null path `<>`; `postmaster` alone for `<postmaster>`. */
  address: string
  localPart: string
  domain: string | null
  /** The hosts of a source route, which is dropped from the address (RFC 5321 appendix C); nearly always empty. */
  route: string[]
  /** What stands behind the path: the parameters, still one text. */
  rest: string
}

/** Reads one path, forgiving a blank before it and missing angle brackets. Text above ASCII is taken as UTF-8 already decoded. */
export function parseEnvelopePath(text: string): EnvelopePath {
  refuseControls(text)
  const start = text.trimStart()
  const bracketed = start.startsWith('<')
  const end = findEnd(start, bracketed ? '>' : ' ')
  if (bracketed && end === start.length) throw new ParseError('the path has no closing bracket')
  const inner = bracketed ? start.slice(1, end).trim() : start.slice(0, end)
  const rest = start.slice(bracketed ? end + 1 : end)
  if (rest !== '' && !rest.startsWith(' ')) throw new ParseError('something stands right behind the path')
  if (inner === '' && !bracketed) throw new ParseError('the path is missing')
  return { ...readPath(inner), rest: rest.trim() }
}

/** The offset of the first `stop` outside quotes, or the length of the text. */
function findEnd(text: string, stop: string): number {
  let at = 0
  while (at < text.length && text[at] !== stop) at = text[at] === '"' ? readQuotedString(text, at).end : at + 1
  return at
}

function readPath(inner: string): Omit<EnvelopePath, 'rest'> {
  if (inner === '') return { address: '', localPart: '', domain: null, route: [] }
  const { route, mailbox } = splitRoute(inner)
  return { ...readMailbox(mailbox), route }
}

/** RFC 5321 §4.1.1.3: a path may start with `@relay1,@relay2:`; it is to be accepted and ignored. */
function splitRoute(inner: string): { route: string[]; mailbox: string } {
  if (!inner.startsWith('@')) return { route: [], mailbox: inner }
  const colon = inner.indexOf(':')
  if (colon < 0) throw new ParseError('the path has no part before the @')
  const route = inner.slice(0, colon).split(',').map(readHop)
  return { route, mailbox: inner.slice(colon + 1) }
}

function readHop(hop: string): string {
  if (!hop.startsWith('@')) throw new ParseError('the source route is broken')
  return toLooseAsciiDomain(hop.slice(1))
}

function readMailbox(mailbox: string): AddrSpec | { address: string; localPart: string; domain: null } {
  // RFC 5321 §4.1.1.3: the one mailbox that needs no domain.
  if (mailbox.toLowerCase() === 'postmaster') return { address: mailbox, localPart: mailbox, domain: null }
  return parseLooseAddrSpec(mailbox)
}
