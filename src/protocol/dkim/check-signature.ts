import { hash, verify } from 'node:crypto'
import type { Resolver } from '../dns/resolver.ts'
import { DkimError } from './dkim-error.ts'
import { fetchKeyRecords, type KeyRecord } from './key-record.ts'
import { type PublicKey, readPublicKey } from './public-key.ts'
import type { SignerTags } from './signature-tags.ts'

/** What a signature is held to; the weaker one exists to run old test mails. */
export interface Strength {
  sha1: boolean
  rsaBits: number
}

/** RFC 8301: no SHA-1, no RSA key below 1024 bits. */
export const today: Strength = { sha1: false, rsaBits: 1024 }

export interface SignerKey extends PublicKey {
  flags: readonly string[]
}

/** Key lookups of one message: each name is asked once, however many signatures want it. */
export function createKeySource(resolver: Resolver, strength: Strength): (signer: SignerTags) => Promise<SignerKey> {
  const asked = new Map<string, Promise<KeyRecord[]>>()
  return async (signer) => {
    checkStrength(signer, strength)
    const name = `${signer.selector}._domainkey.${signer.domain}`
    const records = asked.get(name) ?? fetchKeyRecords(resolver, signer.domain, signer.selector)
    asked.set(name, records)
    return chooseKey(await records, signer, strength)
  }
}

/** Whether the signature is the one this key makes over these bytes (latin1). */
export function isSignatureOf(data: string, signer: SignerTags, key: PublicKey): boolean {
  const bytes = Buffer.from(data, 'latin1')
  // RFC 8463 §3: Ed25519 signs the SHA-256 of the data.
  if (signer.keyType === 'ed25519') return verify(null, hash('sha256', bytes, 'buffer'), key.key, signer.signature)
  return verify(signer.hash, bytes, key.key, signer.signature)
}

/** The first record that this signature may use; when there is none, what is wrong with the first (RFC 6376 §6.1.2). */
function chooseKey(records: readonly KeyRecord[], signer: SignerTags, strength: Strength): SignerKey {
  let problem: unknown
  for (const record of records) {
    try {
      return { ...readUsableKey(record, signer, strength), flags: record.flags }
    } catch (error) {
      problem ??= error
    }
  }
  throw problem
}

function readUsableKey(record: KeyRecord, signer: SignerTags, strength: Strength): PublicKey {
  if (record.publicKey === '') throw new DkimError('permerror', 'key revoked')
  if (record.keyType !== signer.keyType) throw new DkimError('permerror', 'key is of another type')
  if (record.hashes && !record.hashes.includes(signer.hash))
    throw new DkimError('permerror', 'key is not for this hash')
  if (!record.services.includes('*') && !record.services.includes('email')) {
    throw new DkimError('permerror', 'key is not for email')
  }
  const key = readPublicKey(record.keyType, record.publicKey)
  if (record.keyType === 'rsa' && key.bits < strength.rsaBits) {
    throw new DkimError('permerror', `key of ${key.bits} bits is too short`)
  }
  return key
}

function checkStrength(signer: SignerTags, strength: Strength): void {
  if (signer.hash === 'sha1' && !strength.sha1) throw new DkimError('permerror', 'rsa-sha1 is no longer accepted')
}
