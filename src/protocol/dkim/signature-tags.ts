import { ParseError } from '../parse-error.ts'
import type { Canonicalization } from './canonical-header.ts'
import { toAsciiDomain, toAsciiName } from './domain-name.ts'
import { readBase64, readColonList, readNumber, requireTag, type TagList } from './tag-list.ts'

/** Who signed, and how: what a DKIM-Signature, an ARC-Message-Signature and an ARC-Seal have in common. */
export interface SignerTags {
  /** The name in `a=`; which ones are good enough is decided with the key. */
  algorithm: string
  keyType: 'rsa' | 'ed25519'
  hash: 'sha1' | 'sha256'
  signature: Buffer
  /** A-labels in lower case. */
  domain: string
  selector: string
  /** `t=`, seconds. */
  timestamp: number | undefined
}

/** A signature over a message. */
export interface MessageSignature extends SignerTags {
  bodyHash: Buffer
  headerCanonicalization: Canonicalization
  bodyCanonicalization: Canonicalization
  /** Field names in lower case, in the order they are hashed. */
  names: string[]
  /** `l=`, octets of the canonical body. */
  bodyLength: number | undefined
  /** `x=`, seconds. */
  expiration: number | undefined
}

const ALGORITHMS = {
  'rsa-sha256': { keyType: 'rsa', hash: 'sha256' },
  'ed25519-sha256': { keyType: 'ed25519', hash: 'sha256' },
  'rsa-sha1': { keyType: 'rsa', hash: 'sha1' },
} as const

/** Reads the tags every signature has; ParseError when one is missing or malformed. */
export function readSigner(tags: TagList): SignerTags {
  const algorithm = requireTag(tags, 'a')
  if (!Object.hasOwn(ALGORITHMS, algorithm)) throw new ParseError('unknown signature algorithm')
  return {
    algorithm,
    ...ALGORITHMS[algorithm as keyof typeof ALGORITHMS],
    signature: readBase64(tags, 'b'),
    domain: toAsciiDomain(requireTag(tags, 'd')),
    selector: toAsciiName(requireTag(tags, 's')),
    timestamp: readNumber(tags, 't', 12),
  }
}

/** Reads a signature over head and body (RFC 6376 §3.5, without what only DKIM-Signature has); `canonicalization` is for a missing `c=`. */
export function readMessageSignature(tags: TagList, canonicalization = 'simple/simple'): MessageSignature {
  const names = tags.get('h')
  if (names === undefined) throw new ParseError('tag h= is missing')
  const [header, body = 'simple', ...more] = (tags.get('c') ?? canonicalization).split('/')
  if (!isCanonicalization(header) || !isCanonicalization(body) || more.length > 0) {
    throw new ParseError('unknown canonicalization')
  }
  return {
    ...readSigner(tags),
    bodyHash: readBase64(tags, 'bh'),
    headerCanonicalization: header,
    bodyCanonicalization: body,
    names: readColonList(names),
    bodyLength: readNumber(tags, 'l', 76),
    expiration: readNumber(tags, 'x', 12),
  }
}

function isCanonicalization(word: string | undefined): word is Canonicalization {
  return word === 'simple' || word === 'relaxed'
}
