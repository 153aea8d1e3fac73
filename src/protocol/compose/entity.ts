import { createHash } from 'node:crypto'
import { foldField } from './fold.ts'
import { parameterizedWords } from './parameter.ts'
import type { EncodedBody } from './transfer-encoding.ts'

/** A MIME entity (RFC 2045 §2.4): its Content-* fields, and its body in pieces. */
export interface Entity {
  fields: string
  body: Buffer[]
  /** Something inside is 8bit, so whatever contains it must say so (RFC 2045 §6.4). */
  eightBit: boolean
}

/** An entity with a body of its own; `fields` are those beside Content-Transfer-Encoding. */
export function leaf(fields: string, { encoding, body }: EncodedBody): Entity {
  return { fields: `${fields}Content-Transfer-Encoding: ${encoding}\r\n`, body: [body], eightBit: encoding === '8bit' }
}

/** Several entities as one (RFC 2046 §5.1). The seed and the subtype decide the boundary: same draft, same bytes. */
export function multipart(subtype: 'mixed' | 'alternative' | 'related', seed: string, children: Entity[]): Entity {
  const eightBit = children.some((child) => child.eightBit)
  const boundary = chooseBoundary(`${subtype} ${seed}`, children)
  // RFC 2387 §3.1: related names the type of its root, which is always our html.
  const root = subtype === 'related' ? [{ name: 'type', value: 'text/html' }] : []
  const words = parameterizedWords(`multipart/${subtype}`, [...root, { name: 'boundary', value: boundary }])
  const encoding = eightBit ? 'Content-Transfer-Encoding: 8bit\r\n' : ''
  return { fields: foldField('Content-Type', words) + encoding, body: enclose(boundary, children), eightBit }
}

function enclose(boundary: string, children: Entity[]): Buffer[] {
  const pieces = children.flatMap((child, i) => [
    Buffer.from(`${i === 0 ? '' : '\r\n'}--${boundary}\r\n${child.fields}\r\n`),
    ...child.body,
  ])
  return [...pieces, Buffer.from(`\r\n--${boundary}--`)]
}

function chooseBoundary(seed: string, children: Entity[]): string {
  const pieces = children.flatMap((child) => child.body)
  let boundary = toBoundary(createHash('sha256').update(seed).digest('hex'))
  while (pieces.some((piece) => piece.includes(boundary))) {
    // Whoever knows the seed can plant the first boundary, but none can plant the hash of the content it stands in.
    const hash = createHash('sha256').update(boundary)
    for (const piece of pieces) hash.update(piece)
    boundary = toBoundary(hash.digest('hex'))
  }
  return boundary
}

// `=_` is in no base64 and no quoted-printable text (RFC 2045 §6.7).
function toBoundary(hex: string): string {
  return `=_${hex.slice(0, 32)}`
}
