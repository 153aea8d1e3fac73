import { ParseError } from '../parse-error.ts'
import { DkimError } from './dkim-error.ts'
import { toAsciiDomain } from './domain-name.ts'
import { type MessageSignature, readMessageSignature } from './signature-tags.ts'
import { readColonList, type TagList } from './tag-list.ts'

/** A DKIM-Signature field, read (RFC 6376 §3.5). */
export interface DkimSignature extends MessageSignature {
  /** `i=`, decoded. */
  identity: string
  /** The part of `i=` behind the @, as A-labels. */
  identityDomain: string
}

// RFC 6376 §3.5: clocks differ; a signer's may be this much ahead of ours, or ours ahead of an expiry.
const CLOCK_SKEW_S = 300

/** Reads the tags of a DKIM-Signature; ParseError when they do not make a signature. `lenient` accepts drafts of version 1. */
export function readDkimSignature(tags: TagList, lenient: boolean): DkimSignature {
  const version = tags.get('v')
  const known = version === '1' || (lenient && (version === undefined || version === '0.5'))
  if (!known) throw new ParseError('tag v= is missing or of another version')
  const signature = readMessageSignature(tags)
  if (!signature.names.includes('from')) throw new ParseError('the From field is not signed')
  if (!readColonList(tags.get('q') ?? 'dns/txt').some((method) => isDnsQuery(method, lenient))) {
    throw new ParseError('unknown query method')
  }
  return { ...signature, ...readIdentity(tags, signature.domain) }
}

// The drafts before RFC 4871 wrote `q=dns`.
function isDnsQuery(method: string, lenient: boolean): boolean {
  return method === 'dns/txt' || (lenient && method === 'dns')
}

/** Throws when the signature is not of this time. `now` is in milliseconds. */
export function checkTimes({ timestamp, expiration }: MessageSignature, now: number): void {
  const seconds = now / 1000
  if (expiration !== undefined) {
    if (timestamp !== undefined && expiration < timestamp) throw new ParseError('tag x= lies before t=')
    if (expiration < seconds - CLOCK_SKEW_S) throw new DkimError('permerror', 'signature expired')
  }
  if (timestamp !== undefined && timestamp > seconds + CLOCK_SKEW_S) {
    throw new DkimError('permerror', 'signature is from the future')
  }
}

function readIdentity(tags: TagList, domain: string): { identity: string; identityDomain: string } {
  const text = tags.get('i')
  if (text === undefined) return { identity: `@${domain}`, identityDomain: domain }
  const bytes = decodeQuoted(text)
  if (/[\x00-\x1f\x7f]/.test(bytes)) throw new ParseError('tag i= has control characters')
  const at = bytes.lastIndexOf('@')
  if (at < 0) throw new ParseError('tag i= has no @')
  const identityDomain = toAsciiDomain(bytes.slice(at + 1))
  if (identityDomain !== domain && !identityDomain.endsWith(`.${domain}`)) {
    throw new ParseError('tag i= is not within d=')
  }
  return { identity: Buffer.from(bytes, 'latin1').toString('utf8'), identityDomain }
}

/** DKIM-Quoted-Printable (RFC 6376 §2.11): blanks are ignored, `=` begins two hex digits. */
function decodeQuoted(text: string): string {
  const solid = text.replace(/[ \t\r\n]+/g, '')
  if (/=(?![0-9A-Fa-f]{2})/.test(solid)) throw new ParseError('malformed quoted-printable')
  return solid.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
