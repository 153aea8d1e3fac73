import { createHash } from 'node:crypto'
import type { Canonicalization } from './canonical-header.ts'
import { DkimError } from './dkim-error.ts'

export interface BodyHashes {
  /** Octets of the whole canonical body. */
  length: number
  /** Hash of the first `limit` octets; a limit the body does not reach is absent. `Infinity` is the whole body. */
  digests: Map<number, Buffer>
}

type Push = (chunk: Uint8Array) => void

const LF = 10
const CR = 13
const SP = 32
const TAB = 9
const CRLF = Buffer.from('\r\n')
const CHUNK = 16_384

/**
 * Hashes of the body in its canonical form (RFC 6376 §3.4.3, §3.4.4), one for each limit. The body is walked and hashed
 * once, however many signatures with however many `l=` ask for it.
 */
export function hashBody(
  body: Uint8Array,
  canonicalization: Canonicalization,
  algorithm: string,
  limits: readonly number[],
): BodyHashes {
  const hash = createHash(algorithm)
  const cuts = [...new Set(limits)].filter((limit) => limit !== Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  const digests = new Map<number, Buffer>()
  let length = 0
  const push: Push = (chunk) => {
    let rest = chunk
    for (let cut = cuts[0]; cut !== undefined && cut <= length + rest.length; cut = cuts[0]) {
      hash.update(rest.subarray(0, cut - length))
      rest = rest.subarray(cut - length)
      length = cut
      digests.set(cut, hash.copy().digest())
      cuts.shift()
    }
    hash.update(rest)
    length += rest.length
  }
  push(new Uint8Array(0)) // l=0 of an empty body is still a limit that was reached
  const view = Buffer.from(body.buffer, body.byteOffset, body.length)
  if (canonicalization === 'simple') simpleBody(view, push)
  else relaxedBody(view, push)
  digests.set(Number.POSITIVE_INFINITY, hash.digest())
  return { length, digests }
}

/** DkimError unless the body is the one that was signed, and all of it. */
export function compareBody(
  signature: { bodyHash: Buffer; bodyLength: number | undefined },
  hashes: BodyHashes,
  partial = false,
): void {
  const limit = signature.bodyLength ?? Number.POSITIVE_INFINITY
  const digest = hashes.digests.get(limit)
  if (!digest) throw new DkimError('permerror', 'tag l= is more than the body has')
  if (!digest.equals(signature.bodyHash)) throw new DkimError('fail', 'body hash did not verify')
  if (limit < hashes.length && !partial) throw new DkimError('policy', 'part of the body is not signed')
}

/** All empty lines at the end are one line end; an empty body is one too. */
function simpleBody(body: Buffer, push: Push): void {
  let end = body.length
  while (end >= 2 && body[end - 2] === CR && body[end - 1] === LF) end -= 2
  push(body.subarray(0, end))
  push(CRLF)
}

/** Runs of blanks become one space and vanish before a line end; an empty body stays empty. */
function relaxedBody(body: Buffer, push: Push): void {
  const end = relaxedEnd(body)
  let pending = false
  for (let at = 0; at < end; at += CHUNK) {
    const stop = Math.min(at + CHUNK, end)
    const chunk = body.subarray(at, stop)
    // Base64 has no blanks: nothing to change, nothing to copy.
    if (!pending && !chunk.includes(SP) && !chunk.includes(TAB)) push(chunk)
    else pending = relaxChunk(body, at, stop, pending, push)
  }
  if (end > 0) push(CRLF)
}

/** Where the body ends once blanks and empty lines at its end are gone. */
function relaxedEnd(body: Buffer): number {
  let end = body.length
  for (;;) {
    while (end > 0 && (body[end - 1] === SP || body[end - 1] === TAB)) end--
    if (end < 2 || body[end - 1] !== LF || body[end - 2] !== CR) return end
    end -= 2
  }
}

// Filled and hashed in one synchronous go, so one buffer serves every call.
const scratch = Buffer.allocUnsafe(CHUNK + 1)

function relaxChunk(body: Buffer, from: number, to: number, before: boolean, push: Push): boolean {
  let pending = before
  let length = 0
  for (let at = from; at < to; at++) {
    const byte = body[at]!
    if (byte === SP || byte === TAB) {
      pending = true
      continue
    }
    if (pending) {
      if (byte !== CR || body[at + 1] !== LF) scratch[length++] = SP
      pending = false
    }
    scratch[length++] = byte
  }
  push(scratch.subarray(0, length))
  return pending
}
