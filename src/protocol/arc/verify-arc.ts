import { compareBody, hashBody } from '../dkim/body-hash.ts'
import { canonicalField, unsignedField } from '../dkim/canonical-header.ts'
import { createKeySource, isSignatureOf, type SignerKey, today } from '../dkim/check-signature.ts'
import { DkimError } from '../dkim/dkim-error.ts'
import { checkTimes } from '../dkim/dkim-signature.ts'
import { createHeadBudget, signedHead } from '../dkim/signed-head.ts'
import { wireForm } from '../dkim/wire-form.ts'
import type { Resolver } from '../dns/resolver.ts'
import { type Head, readHead } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'
import { type ArcSet, readArcSets } from './arc-set.ts'

/** The state of a message's ARC chain (RFC 8617 §4.4). */
export interface ArcResult {
  result: 'none' | 'pass' | 'fail'
  /** Sets in the chain; 0 when they cannot be told apart. */
  instances: number
  /** Why it did not pass. */
  reason: string | null
  /** Who sealed the message, first handler first. Worth nothing unless the chain passed. */
  sealers: string[]
  /** What the last handler found (its ARC-Authentication-Results). Worth nothing unless the chain passed. */
  results: string | null
}

export interface VerifyArcOptions {
  resolver: Resolver
  /** Milliseconds. */
  now: number
}

/** Checks the ARC chain of a message: its form, the newest message signature, then every seal (RFC 8617 §5.2). */
export async function verifyArc(message: Uint8Array, options: VerifyArcOptions): Promise<ArcResult> {
  const bytes = wireForm(message)
  const head = readHead(bytes)
  const outcome: ArcResult = { result: 'fail', instances: 0, reason: null, sealers: [], results: null }
  try {
    const sets = readArcSets(head.fields)
    if (sets.length === 0) return { ...outcome, result: 'none' }
    outcome.instances = sets.length
    outcome.sealers = sets.map(({ sealer }) => sealer.domain)
    outcome.results = sets.at(-1)!.authResults.value
    checkChain(sets)
    checkTimes(sets.at(-1)!.message, options.now)
    await checkSignatures(sets, head, bytes, options.resolver)
    return { ...outcome, result: 'pass' }
  } catch (error) {
    if (!(error instanceof ParseError || error instanceof DkimError)) throw error
    return { ...outcome, reason: error.message }
  }
}

function checkChain(sets: readonly ArcSet[]): void {
  if (sets.at(-1)!.chain === 'fail') throw new DkimError('fail', 'the chain was sealed as broken')
  for (const { instance, chain } of sets) {
    if (chain !== (instance === 1 ? 'none' : 'pass')) throw new DkimError('fail', `seal ${instance} says cv=${chain}`)
  }
}

async function checkSignatures(sets: readonly ArcSet[], head: Head, bytes: Uint8Array, resolver: Resolver) {
  const getKey = createKeySource(resolver, today)
  const newest = sets.at(-1)!
  const key = await getKey(newest.message)
  const data = signedHead(head.fields, newest.messageSignature, newest.message, createHeadBudget())
  if (!isSignatureOf(data, newest.message, key)) throw new DkimError('fail', 'message signature did not verify')
  const { bodyCanonicalization, hash, bodyLength = Number.POSITIVE_INFINITY } = newest.message
  compareBody(newest.message, hashBody(bytes.subarray(head.bodyOffset), bodyCanonicalization, hash, [bodyLength]))
  const keys = await Promise.all(sets.map(({ sealer }) => getKey(sealer)))
  checkSeals(sets, keys)
}

/** A seal signs all sets up to its own, in order, its own `b=` empty (RFC 8617 §5.1.1). */
function checkSeals(sets: readonly ArcSet[], keys: readonly SignerKey[]): void {
  let sealed = ''
  for (const [n, { instance, authResults, messageSignature, seal, sealer }] of sets.entries()) {
    sealed += canonicalField(authResults, 'relaxed') + canonicalField(messageSignature, 'relaxed')
    if (!isSignatureOf(sealed + unsignedField(seal, 'relaxed'), sealer, keys[n]!)) {
      throw new DkimError('fail', `seal ${instance} did not verify`)
    }
    sealed += canonicalField(seal, 'relaxed')
  }
}
