import type { Resolver } from '../dns/resolver.ts'
import { allFields, type HeaderField, readHead } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'
import { compareBody, hashBody } from './body-hash.ts'
import { createKeySource, isSignatureOf, type Strength, today } from './check-signature.ts'
import { DkimError } from './dkim-error.ts'
import { checkTimes, type DkimSignature, readDkimSignature } from './dkim-signature.ts'
import { toAsciiDomain, toAsciiName } from './domain-name.ts'
import { createHeadBudget, type HeadBudget, signedHead } from './signed-head.ts'
import { parseTagList, type TagList } from './tag-list.ts'
import { wireForm } from './wire-form.ts'

/** What became of one DKIM-Signature, in the words of RFC 8601 §2.7.1. */
export interface DkimResult {
  result: 'none' | 'pass' | 'fail' | 'neutral' | 'policy' | 'temperror' | 'permerror'
  /** `d=`, as A-labels in lower case; null when it is not a domain. */
  domain: string | null
  selector: string | null
  algorithm: string | null
  keyBits: number | null
  /** Why it did not pass. */
  reason: string | null
  /** `i=` or what it defaults to. */
  identity: string | null
  /** The key says `t=y`: the domain is only trying DKIM out, and a failure must not count against it. */
  testing: boolean
  /** `l=`, when there is one. */
  bodyLength?: number
}

export interface VerifyDkimOptions {
  resolver: Resolver
  /** Milliseconds. */
  now: number
  /** Signatures looked at, from the top of the head; 10 unless told. */
  maxSignatures?: number
  /** For old test mails only: SHA-1, keys of 512 bits, `v=` of the drafts, any `l=`. */
  lenient?: boolean
}

interface Attempt {
  outcome: DkimResult
  /** Set while nothing speaks against the signature; its body hash is still to be compared. */
  signature?: DkimSignature
}

interface Context {
  fields: readonly HeaderField[]
  /** How often each field name occurs, in lower case. */
  counts: ReadonlyMap<string, number>
  getKey: ReturnType<typeof createKeySource>
  budget: HeadBudget
  now: number
  lenient: boolean
}

const LENIENT: Strength = { sha1: true, rsaBits: 512 }

/**
 * Checks the DKIM-Signatures of a message (RFC 6376 §6.1), one result each; without any it is a single `none`. A signature
 * with an `l=` that leaves part of the body unsigned is `policy`, not `pass`: anyone could have added that part.
 */
export async function verifyDkim(message: Uint8Array, options: VerifyDkimOptions): Promise<DkimResult[]> {
  const bytes = wireForm(message)
  const { fields, bodyOffset, skipped } = readHead(bytes)
  // A field that is not looked at here could be one that is shown to the reader.
  if (skipped) return [{ ...blank(), result: 'permerror', reason: 'too many header fields' }]
  const signatures = allFields(fields, 'DKIM-Signature').slice(0, options.maxSignatures ?? 10)
  if (signatures.length === 0) return [{ ...blank(), result: 'none', reason: 'message not signed' }]
  const lenient = options.lenient ?? false
  const getKey = createKeySource(options.resolver, lenient ? LENIENT : today)
  const counts = countNames(fields)
  const context: Context = { fields, counts, getKey, budget: createHeadBudget(), now: options.now, lenient }
  const attempts = await Promise.all(signatures.map((own) => checkHead(own, context)))
  checkBodies(attempts, bytes.subarray(bodyOffset), lenient)
  return attempts.map((attempt) => attempt.outcome)
}

function blank(): DkimResult {
  return {
    result: 'neutral',
    domain: null,
    selector: null,
    algorithm: null,
    keyBits: null,
    reason: null,
    identity: null,
    testing: false,
  }
}

async function checkHead(own: HeaderField, context: Context): Promise<Attempt> {
  const outcome = blank()
  try {
    const tags = parseTagList(own.value)
    describeTags(outcome, tags)
    const signature = readDkimSignature(tags, context.lenient)
    describeSignature(outcome, signature)
    checkTimes(signature, context.now)
    const key = await context.getKey(signature)
    outcome.keyBits = key.bits
    outcome.testing = key.flags.includes('y')
    if (key.flags.includes('s') && signature.identityDomain !== signature.domain) {
      throw new DkimError('permerror', 'the key allows no subdomain in i=')
    }
    const data = signedHead(context.fields, own, signature, context.budget)
    if (!isSignatureOf(data, signature, key)) throw new DkimError('fail', 'signature did not verify')
    if (!context.lenient) checkRepeated(context.counts, signature)
    outcome.result = 'pass'
    return { outcome, signature }
  } catch (error) {
    refuse(outcome, error)
    return { outcome }
  }
}

// A malformed signature is reported with what can be read of it, and nothing that could not stand in a header field.
function describeTags(outcome: DkimResult, tags: TagList): void {
  outcome.domain = orNull(toAsciiDomain, tags.get('d'))
  outcome.selector = orNull(toAsciiName, tags.get('s'))
  outcome.algorithm = /^[a-z0-9-]{1,40}$/i.exec(tags.get('a') ?? '')?.[0] ?? null
}

function orNull(read: (bytes: string) => string, bytes = ''): string | null {
  try {
    return read(bytes)
  } catch (error) {
    if (error instanceof ParseError) return null
    throw error
  }
}

function describeSignature(outcome: DkimResult, signature: DkimSignature): void {
  outcome.identity = signature.identity
  if (signature.bodyLength !== undefined) outcome.bodyLength = signature.bodyLength
}

// Readers show or obey one of these, and RFC 5322 §3.6 and RFC 2045 allow no second.
const ONCE = [
  'subject date to cc reply-to sender message-id in-reply-to references',
  'mime-version content-type content-transfer-encoding',
].flatMap((names) => names.split(' '))

// RFC 6376 §8.15: a field put on top of the signed one is what the reader sees.
function checkRepeated(counts: ReadonlyMap<string, number>, signature: DkimSignature): void {
  const unsigned = (name: string) => {
    const signed = signature.names.filter((other) => other === name).length
    return (counts.get(name) ?? 0) > signed
  }
  if (unsigned('from')) throw new DkimError('policy', 'a From field is not signed')
  const name = ONCE.find((once) => (counts.get(once) ?? 0) > 1 && unsigned(once))
  if (name) throw new DkimError('policy', `the field ${name} is repeated and not signed`)
}

function countNames(fields: readonly HeaderField[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const field of fields) {
    const name = field.name.toLowerCase()
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function refuse(outcome: DkimResult, error: unknown): void {
  if (error instanceof DkimError) outcome.result = error.result
  else if (error instanceof ParseError) outcome.result = 'permerror'
  else throw error
  outcome.reason = error.message
}

/** Compares the body hashes of the signatures that are good so far; the body is read once per canonicalization and hash. */
function checkBodies(attempts: readonly Attempt[], body: Uint8Array, lenient: boolean): void {
  const groups = Map.groupBy(
    attempts.filter((attempt) => attempt.signature),
    ({ signature }) => `${signature!.bodyCanonicalization} ${signature!.hash}`,
  )
  for (const group of groups.values()) {
    const { bodyCanonicalization, hash } = group[0]!.signature!
    const limits = group.map(({ signature }) => signature!.bodyLength ?? Number.POSITIVE_INFINITY)
    const hashes = hashBody(body, bodyCanonicalization, hash, limits)
    for (const { outcome, signature } of group) {
      try {
        compareBody(signature!, hashes, lenient)
      } catch (error) {
        refuse(outcome, error)
      }
    }
  }
}
