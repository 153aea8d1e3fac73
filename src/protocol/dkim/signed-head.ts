import type { HeaderField } from '../mime/header-fields.ts'
import { canonicalField, selectFields, unsignedField } from './canonical-header.ts'
import { DkimError } from './dkim-error.ts'
import type { MessageSignature } from './signature-tags.ts'

/** Octets of head that may still be hashed for one message, all its signatures together. */
export interface HeadBudget {
  left: number
}

export function createHeadBudget(): HeadBudget {
  return { left: 1_048_576 }
}

/** What the signature in `own` signs of the head (RFC 6376 §3.7): the fields it names, then itself (latin1). */
export function signedHead(
  fields: readonly HeaderField[],
  own: HeaderField,
  signature: MessageSignature,
  budget: HeadBudget,
): string {
  const selected = selectFields(fields, signature.names, own)
  for (const field of selected) budget.left -= field.raw.length
  if (budget.left < 0) throw new DkimError('permerror', 'too much signed head')
  const canonicalization = signature.headerCanonicalization
  const lines = selected.map((field) => canonicalField(field, canonicalization))
  return lines.join('') + unsignedField(own, canonicalization)
}
