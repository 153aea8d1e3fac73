import { findField, type HeaderField, readHead } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'
import { hashBody } from './body-hash.ts'
import { canonicalField, selectFields } from './canonical-header.ts'
import { requireCrlf } from './wire-form.ts'

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
