import type { KeyObject } from 'node:crypto'
import { findField, type HeaderField, readHead } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'
import { hashBody } from './body-hash.ts'
import { canonicalField, selectFields } from './canonical-header.ts'
import { toAsciiDomain, toAsciiName } from './domain-name.ts'
import { composeSignature, readPrivateKey, type SigningAlgorithm } from './signature-field.ts'
import { requireCrlf } from './wire-form.ts'

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

const PROTECTED = [
  'From',
  'To',
  'Cc',
  'Subject',
  'Date',
  'Message-ID',
  'Reply-To',
  'In-Reply-To',
  'References',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
]

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

/** What every signature over this message shares: the names for `h=`, their fields in canonical form, and `bh=`. */
export function prepareMessage(
  message: Uint8Array,
  headers: readonly string[] = PROTECTED,
  alsoSign: readonly string[] = [],
) {
  requireCrlf(message)
  const { fields, bodyOffset } = readHead(message)
  if (!findField(fields, 'From')) throw new ParseError('the message has no From field')
  const names = [...namesToSign(fields, ['from', ...headers], 1), ...namesToSign(fields, alsoSign, 0)]
  const head = selectFields(fields, names).map((field) => canonicalField(field, 'relaxed'))
  const body = hashBody(message.subarray(bodyOffset), 'relaxed', 'sha256', [])
  return {
    fields,
    names,
    head: head.join(''),
    bodyHash: body.digests.get(Number.POSITIVE_INFINITY)!.toString('base64'),
  }
}

/** Each name as often as it is there, and `extra` times more: nobody may add another one later (RFC 6376 §8.15). */
function namesToSign(fields: readonly HeaderField[], headers: readonly string[], extra: number): string[] {
  const wanted = new Map(headers.map((name) => [name.toLowerCase(), extra]))
  for (const { name } of fields) {
    const lower = name.toLowerCase()
    const count = wanted.get(lower)
    if (count !== undefined) wanted.set(lower, count + 1)
  }
  return [...wanted].flatMap(([name, count]) => Array<string>(count).fill(name))
}
