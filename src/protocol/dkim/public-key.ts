import { createPublicKey, type KeyObject } from 'node:crypto'
import { DkimError } from './dkim-error.ts'

export interface PublicKey {
  key: KeyObject
  bits: number
}

// Parsing a key costs as much as a signature check; the few hundred big senders make up most mail.
const MAX_CACHED = 512
const cache = new Map<string, PublicKey>()

// A check costs the square of the key's length; RFC 8301 §3.2 asks for support up to 4096 bits.
const MAX_TEXT = 4096
const MAX_BITS = 8192
// The usual exponent is 65537; one as long as the key makes a check a hundred times dearer.
const MAX_EXPONENT = 0xffff_ffffn

/** The key in the `p=` of a key record, parsed once as long as it stays among the recently used ones. */
export function readPublicKey(keyType: string, publicKey: string): PublicKey {
  const name = `${keyType}:${publicKey}`
  const known = cache.get(name)
  const found = known ?? parsePublicKey(keyType, publicKey)
  if (known) cache.delete(name)
  else if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value!)
  cache.set(name, found)
  return found
}

function parsePublicKey(keyType: string, text: string): PublicKey {
  if (text.length > MAX_TEXT || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw unusable()
  const bytes = Buffer.from(text, 'base64')
  if (keyType === 'ed25519') return { key: ed25519Key(bytes), bits: 256 }
  const key = rsaKey(bytes)
  const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa' || bits > MAX_BITS) throw unusable()
  if (publicExponent < 3n || publicExponent > MAX_EXPONENT) throw unusable()
  return { key, bits }
}

/** RFC 8463 §4.2: the 32 octets of the key alone, without the wrapping that RSA keys have. */
function ed25519Key(bytes: Buffer): KeyObject {
  if (bytes.length !== 32) throw unusable()
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') }, format: 'jwk' })
}

/** RFC 6376 §3.6.1 says RSAPublicKey, its examples and the world use SubjectPublicKeyInfo (erratum 3017): both are read. */
function rsaKey(bytes: Buffer): KeyObject {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      return createPublicKey({ key: bytes, format: 'der', type })
    } catch {}
  }
  throw unusable()
}

function unusable(): DkimError {
  return new DkimError('permerror', 'key record: the public key cannot be read')
}
