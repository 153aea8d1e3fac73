import type { KeyObject } from 'node:crypto'
import { toAsciiDomain, toAsciiName } from './domain-name.ts'
import { prepareMessage } from './prepare-message.ts'
import { composeSignature, readPrivateKey, type SigningAlgorithm } from './signature-field.ts'

export interface DkimSigningKey {
  domain: string
  selector: string
  algorithm: SigningAlgorithm
  /** An object, or PEM; parsing the PEM costs more than signing, so keep the object where speed counts. */
  privateKey: KeyObject | string
}

export interface SignDkimOptions {
  /** Milliseconds. */
  now: number
  /** Names of the fields to protect instead of the usual ones; From is always among them. */
  headers?: readonly string[]
}

/**
 * The DKIM-Signature fields to put in front of a message, one for each key, relaxed/relaxed (RFC 6376 §5). ParseError when
 * the message has a line end that is not CRLF, or no From.
 */
export function signDkim(message: Uint8Array, keys: readonly DkimSigningKey[], options: SignDkimOptions): string {
  const { names, head, bodyHash } = prepareMessage(message, options.headers)
  const signatures = keys.map(({ domain, selector, algorithm, privateKey }) => {
    const tags = {
      v: '1',
      a: algorithm,
      c: 'relaxed/relaxed',
      d: toAsciiDomain(domain),
      s: toAsciiName(selector),
      t: String(Math.floor(options.now / 1000)),
      h: names.join(':'),
      bh: bodyHash,
    }
    return composeSignature('DKIM-Signature', tags, head, {
      algorithm,
      privateKey: readPrivateKey(privateKey, algorithm),
    })
  })
  return signatures.join('')
}
