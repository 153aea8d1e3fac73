import { hash } from 'node:crypto'
import { asBuffer } from './as-buffer.ts'
import { type Block, chooseBody, leaves } from './body.ts'
import { readBody } from './body-text.ts'
import { encodedBytes } from './decode-part.ts'
import { collectDefects, type Defect, type DefectList } from './defects.ts'
import { defaultLimits, type MimeLimits } from './limits.ts'
import { type MessageFields, readMessageFields } from './message-fields.ts'
import { type PartNode, type PartTree, readPartTree } from './part-tree.ts'
import { decodeTransfer } from './transfer-encoding.ts'

/** A leaf that is not the body: an attachment, an inline picture, a report, a message. */
export interface Part extends Omit<PartNode, 'children'> {
  /** Of the decoded bytes, as is the hash (hex). */
  sizeBytes: number
  sha256: string
}

export interface ParsedMessage extends MessageFields {
  text: string | null
  html: string | null
  parts: Part[]
  structure: PartNode
  defects: Defect[]
}

/**
 * Reads any bytes as a message (RFC 5322, RFC 2045 to 2047). Never throws; time and memory grow with the size alone, bounded by `limits`.
 * The result is made of plain values that may be sent between threads.
 */
export function parseMessage(bytes: Uint8Array, limits: Partial<MimeLimits> = {}): ParsedMessage {
  const bounds = { ...defaultLimits, ...limits }
  const buffer = asBuffer(bytes)
  const defects = collectDefects(bounds.defects)
  const tree = readPartTree(buffer, skipMboxLine(buffer), bounds, defects)
  const blocks = chooseBody(tree.root, (node) => startOf(tree, node))
  const fields = readMessageFields(tree.head, bounds, defects)
  const body = readBody(blocks, { bytes: buffer, parameters: tree.parameters, defects }, bounds.textBytes)
  const parts = readParts(tree.root, blocks, buffer, defects)
  return { ...fields, ...body, parts, structure: tree.root, defects: defects.list }
}

/** Mail stores leave their `From ` line in front of the head; it is no field. */
function skipMboxLine(bytes: Buffer): number {
  // `From : ann@example.com` is a field: RFC 5322 §4.5 lets blanks stand before the colon.
  if (!/^>?From (?![ \t]*:)/.test(bytes.toString('latin1', 0, 998))) return 0
  const lf = bytes.indexOf(10)
  return lf < 0 ? 0 : lf + 1
}

function startOf(tree: PartTree, node: PartNode): string | null {
  const start = tree.parameters.get(node)?.get('start')
  return start === undefined ? null : start.trim().replace(/^<|>$/g, '')
}

function readParts(root: PartNode, blocks: readonly Block[], bytes: Buffer, defects: DefectList): Part[] {
  const chosen = new Set(blocks.flatMap((b) => [...b.text, ...b.html]))
  return leaves(root)
    .filter((leaf) => (!chosen.has(leaf) || leaf.filename !== null) && !isEmptyMultipart(leaf))
    .map((leaf) => toPart(leaf, bytes, defects))
}

function isEmptyMultipart(leaf: PartNode): boolean {
  return leaf.contentType.startsWith('multipart/') && leaf.length === 0
}

function toPart({ children: _, ...leaf }: PartNode, bytes: Buffer, defects: DefectList): Part {
  const decoded = decodeTransfer(encodedBytes(bytes, leaf), leaf.encoding)
  if (decoded.damaged) defects.add(`bad-${leaf.encoding}`, leaf.path)
  return { ...leaf, sizeBytes: decoded.bytes.length, sha256: hash('sha256', decoded.bytes, 'hex') }
}
