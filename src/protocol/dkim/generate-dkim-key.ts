import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from './signature-field.ts'

export interface GeneratedDkimKey {
  /** PKCS #8 in PEM. */
  privateKey: string
  /** The text to publish at `selector._domainkey.domain`. */
  publicRecord: string
}

const generate = promisify(generateKeyPair)

/** A new key pair: RSA of 2048 bits (RFC 8301 §3.2), or Ed25519 (RFC 8463). */
export async function generateDkimKey(algorithm: SigningAlgorithm): Promise<GeneratedDkimKey> {
  const pair = algorithm === 'rsa-sha256' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ed25519')
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicRecord: toPublicRecord(pair.publicKey),
  }
}

/** The key record of a public key (RFC 6376 §3.6.1, RFC 8463 §4). */
export function toPublicRecord(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  if (publicKey.asymmetricKeyType === 'rsa') return `v=DKIM1; k=rsa; p=${der.toString('base64')}`
  // The key itself is the last 32 octets of its wrapping.
  return `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`
}

/** A text cut into the strings of one TXT record, at most 255 octets each (RFC 1035 §3.3.14). The text is ASCII. */
export function splitTxt(text: string): string[] {
  return text.match(/[\s\S]{1,255}/g) ?? ['']
}
