import { canonicalField, unsignedField } from '../dkim/canonical-header.ts'
import type { HeaderField } from '../mime/header-fields.ts'

/** The fields of a set that a seal covers. */
export interface SealedSet {
  authResults: HeaderField
  messageSignature: HeaderField
  seal: HeaderField
}

/** What the seal of the last of these sets signs: all of them in order, its own `b=` empty (RFC 8617 §5.1.1), latin1. */
export function sealedHead(sets: readonly SealedSet[]): string {
  const own = sets.at(-1)!
  const before = sets.slice(0, -1).flatMap((set) => [set.authResults, set.messageSignature, set.seal])
  const lines = [...before, own.authResults, own.messageSignature].map((field) => canonicalField(field, 'relaxed'))
  return lines.join('') + unsignedField(own.seal, 'relaxed')
}
