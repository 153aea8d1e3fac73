import type { KeyObject } from 'node:crypto'
import { canonicalField } from '../dkim/canonical-header.ts'
import { toAsciiDomain, toAsciiName } from '../dkim/domain-name.ts'
import { prepareMessage } from '../dkim/prepare-message.ts'
import { composeSignature, readPrivateKey, type SigningAlgorithm } from '../dkim/signature-field.ts'
import { trimBlanks } from '../dkim/tag-list.ts'
import { type HeaderField, readHead } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'
import { MAX_INSTANCES, nextInstance, readArcSets } from './arc-set.ts'
import type { ArcResult } from './verify-arc.ts'

export interface SealArcOptions {
  domain: string
  selector: string
  privateKey: KeyObject | string
  algorithm: SigningAlgorithm
  /** What an Authentication-Results field would say, from the authserv-id on (RFC 8601 §2.2). */
  authResults: string
  /** What `verifyArc` found when the message came in. */
  chain: ArcResult['result']
  /** Milliseconds. */
  now: number
}

/**
 * The three fields of the next ARC set, to put in front of a message that is passed on (RFC 8617 §5.1); UTF-8. Empty when
 * the chain takes no further set: it is full, or was already sealed as broken. ParseError for what `signDkim` refuses too.
 */
export function sealArc(message: Uint8Array, options: SealArcOptions): string {
  const { fields, names, head, bodyHash } = prepareMessage(message, undefined, ['dkim-signature'])
  const instance = nextInstance(fields)
  if (instance > MAX_INSTANCES || isSealedAsBroken(fields)) return ''
  const signer = {
    d: toAsciiDomain(options.domain),
    s: toAsciiName(options.selector),
    t: String(Math.floor(options.now / 1000)),
  }
  const { algorithm } = options
  const key = { algorithm, privateKey: readPrivateKey(options.privateKey, algorithm) }
  const i = String(instance)
  const results = composeResults(i, options.authResults)
  const c = 'relaxed/relaxed'
  const messageTags = { i, a: algorithm, c, ...signer, h: names.join(':'), bh: bodyHash }
  const signature = composeSignature('ARC-Message-Signature', messageTags, head, key)
  const before = sealedBefore(fields, instance, options.chain) + canonicalText(results) + canonicalText(signature)
  const seal = composeSignature('ARC-Seal', { i, a: algorithm, ...signer, cv: options.chain }, before, key)
  return Buffer.from(seal + signature + results, 'latin1').toString('utf8')
}

/** The earlier sets, which the new seal covers, unless they no longer hold together (RFC 8617 §5.1.2). */
function sealedBefore(fields: readonly HeaderField[], instance: number, chain: ArcResult['result']): string {
  if (chain === 'fail') return ''
  if ((chain === 'none') !== (instance === 1)) throw new ParseError('the chain is not the one that was verified')
  const sets = readArcSets(fields)
  const sealed = sets.flatMap((set) => [set.authResults, set.messageSignature, set.seal])
  return sealed.map((field) => canonicalField(field, 'relaxed')).join('')
}

function isSealedAsBroken(fields: readonly HeaderField[]): boolean {
  try {
    return readArcSets(fields).at(-1)?.chain === 'fail'
  } catch (error) {
    if (error instanceof ParseError) return false
    throw error
  }
}

function composeResults(instance: string, authResults: string): string {
  const text = Buffer.from(authResults, 'utf8').toString('latin1')
  const line = trimBlanks(text.replace(/\r\n(?=[ \t])/g, ''))
  if (/[\r\n]/.test(line)) throw new ParseError('authentication results are more than one field')
  return `ARC-Authentication-Results: i=${instance}; ${line.replace(/;[ \t]+/g, ';\r\n ')}\r\n`
}

function canonicalText(text: string): string {
  return canonicalField(readHead(Buffer.from(text, 'latin1')).fields[0]!, 'relaxed')
}
