import { looksLikeBase64 } from './base64.ts'
import { type Boundaries, type Delimiter, trackBoundaries } from './boundaries.ts'
import { type ContentType, parseContentDisposition, parseContentType } from './content-type.ts'
import type { DefectList } from './defects.ts'
import { cleanFileName } from './file-name.ts'
import { unfold } from './header-fields.ts'
import type { MimeLimits } from './limits.ts'
import { type PartHead, readPartHead } from './part-head.ts'
import { parseTransferEncoding, type TransferEncoding } from './transfer-encoding.ts'

/** A node of the part tree: a multipart with children, or a leaf. `offset` and `length` are its body's bytes inside the message. */
export interface PartNode {
  /** As IMAP numbers them: the whole message is '' when it is a multipart and '1' when not, its parts '1', '2', theirs '2.1'. */
  path: string
  /** In lower case; a leaf that claims to be multipart but has no parts keeps its claim. */
  contentType: string
  charset: string | null
  /** For display only, see `cleanFileName`. */
  filename: string | null
  disposition: 'attachment' | 'inline' | null
  /** Without the angle brackets. */
  contentId: string | null
  offset: number
  length: number
  encoding: TransferEncoding
  children: PartNode[]
}

/** What only the choice of the body asks of a node. */
export type Parameters = Map<PartNode, Map<string, string>>

export interface PartTree {
  root: PartNode
  head: PartHead
  parameters: Parameters
  /** Where the head of each node begins. */
  heads: Map<PartNode, number>
}

interface Context {
  bytes: Buffer
  boundaries: Boundaries
  limits: MimeLimits
  defects: DefectList
  parameters: Parameters
  heads: Map<PartNode, number>
  /** Multiparts that hold nothing at all. */
  empty: Set<PartNode>
  count: number
}

interface Entity {
  node: PartNode
  head: PartHead
  /** The delimiter that ended it, of whatever multipart; null at the end of the message. */
  stop: Delimiter | null
}

/** Reads the tree of parts of a message (RFC 2046) whose head begins at `start`. */
export function readPartTree(bytes: Buffer, start: number, limits: MimeLimits, defects: DefectList): PartTree {
  const boundaries = trackBoundaries(bytes)
  const context: Context = {
    bytes,
    boundaries,
    limits,
    defects,
    parameters: new Map(),
    heads: new Map(),
    empty: new Set(),
    count: 0,
  }
  const { node, head } = readEntity(context, start, '', 0, 'text/plain')
  if (node.children.length === 0) node.path = '1'
  return { root: node, head, parameters: context.parameters, heads: context.heads }
}

function readEntity(context: Context, start: number, path: string, depth: number, defaultType: string): Entity {
  const { bytes, boundaries, limits, defects } = context
  context.count++
  const isBoundary = (at: number, next: number) => boundaries.match(at, next) !== null
  const head = readPartHead(bytes, start, isBoundary, limits.headerFields, defects)
  const contentType = readContentType(head, defaultType, defects)
  const node = describe(path, head, contentType, defects)
  context.parameters.set(node, contentType.parameters)
  context.heads.set(node, start)
  const stop = node.contentType.startsWith('multipart/')
    ? readMultipart(context, node, contentType, depth)
    : boundaries.find(head.bodyOffset)
  node.length = context.empty.has(node) ? 0 : bodyEnd(bytes, node.offset, stop) - node.offset
  if (node.children.length === 0) checkBase64(bytes, node, defects)
  return { node, head, stop }
}

/** Reads the parts into `node.children`. A multipart that cannot be opened stays a leaf, and what it holds stays readable in it. */
function readMultipart(context: Context, node: PartNode, { parameters }: ContentType, depth: number): Delimiter | null {
  const { boundaries, defects, limits } = context
  const boundary = (parameters.get('boundary') ?? '').trimEnd()
  const problem =
    boundary === ''
      ? 'missing-boundary'
      : depth >= limits.depth
        ? 'nested-too-deep'
        : openProblem(boundaries, boundary, depth)
  if (problem) {
    defects.add(problem, node.path)
    return boundaries.find(node.offset)
  }
  const stop = readParts(context, node, depth)
  boundaries.close(boundary)
  if (node.children.length > 0) return stop
  defects.add('boundary-not-found', node.path)
  if (hasOnlyDelimiters(context.bytes, node.offset, stop, boundary)) context.empty.add(node)
  return stop
}

// Larger than this there is something to see.
const EMPTY_SIZE = 10_000

function hasOnlyDelimiters(bytes: Buffer, start: number, stop: Delimiter | null, boundary: string): boolean {
  const end = bodyEnd(bytes, start, stop)
  if (end - start > EMPTY_SIZE) return false
  const lines = bytes.toString('latin1', start, end).split('\n')
  const delimiters = ['', `--${boundary}`, `--${boundary}--`]
  return lines.every((line) => delimiters.includes(line.trimEnd()))
}

function openProblem(boundaries: Boundaries, boundary: string, level: number): string | null {
  return boundaries.open(boundary, level) ? null : 'unusable-boundary'
}

/** The parts between the delimiters of this level. A delimiter behind the closing one opens a part again: nothing is to get lost. */
function readParts(context: Context, node: PartNode, depth: number): Delimiter | null {
  const { boundaries, defects, limits } = context
  const defaultType = node.contentType === 'multipart/digest' ? 'message/rfc822' : 'text/plain'
  let closed = false
  let stop = boundaries.find(node.offset)
  while (stop?.level === depth) {
    if (stop.closing) {
      closed = true
      stop = boundaries.find(stop.next)
      continue
    }
    // Two delimiters in a row have no part between them.
    const following = boundaries.at(stop.next)
    if (following) {
      stop = following
      continue
    }
    if (context.count >= limits.parts) {
      defects.add('too-many-parts', `${limits.parts}`)
      return null
    }
    if (closed) defects.add('part-after-close', node.path)
    const path = `${node.path === '' ? '' : `${node.path}.`}${node.children.length + 1}`
    const child = readEntity(context, stop.next, path, depth + 1, defaultType)
    node.children.push(child.node)
    stop = child.stop
  }
  if (!closed && node.children.length > 0) defects.add('boundary-not-closed', node.path)
  return stop
}

/** RFC 2046 §5.1.1: the line end in front of a delimiter belongs to the delimiter. */
function bodyEnd(bytes: Buffer, start: number, stop: Delimiter | null): number {
  if (!stop) return bytes.length
  let end = stop.lineStart
  if (end > start && bytes[end - 1] === 10) end--
  if (end > start && bytes[end] === 10 && bytes[end - 1] === 13) end--
  return Math.max(end, start)
}

function readContentType(head: PartHead, defaultType: string, defects: DefectList): ContentType {
  const value = firstValue(head, 'content-type', defects)
  if (value === undefined || value.trim() === '') return { type: defaultType, parameters: new Map(), malformed: false }
  const contentType = parseContentType(value)
  if (contentType.malformed) defects.add('malformed-content-type', unfold(value))
  return contentType
}

function firstValue(head: PartHead, name: string, defects: DefectList): string | undefined {
  const fields = head.byName.get(name)
  if (fields && fields.length > 1 && fields.some((f) => f.value.trim() !== fields[0]!.value.trim()))
    defects.add(`duplicate-${name}`)
  return fields?.[0]?.value
}

function describe(path: string, head: PartHead, { type, parameters }: ContentType, defects: DefectList): PartNode {
  const disposition = parseContentDisposition(firstValue(head, 'content-disposition', defects) ?? '')
  const filename = disposition.parameters.get('filename') ?? parameters.get('name')
  return {
    path,
    contentType: type,
    charset: parameters.get('charset')?.slice(0, 60).toLowerCase() || null,
    filename: filename === undefined ? null : cleanFileName(filename),
    disposition: disposition.disposition,
    contentId: readContentId(head.byName.get('content-id')?.[0]?.value),
    offset: head.bodyOffset,
    length: 0,
    encoding: readEncoding(head, defects),
    children: [],
  }
}

function readContentId(value: string | undefined): string | null {
  if (value === undefined) return null
  const line = unfold(value.slice(0, 1000)).replace(/[\0-\x20\x7f-\xff]/g, '')
  return /<([^<>]+)>/.exec(line)?.[1] ?? (line.replace(/[<>]/g, '') || null)
}

function readEncoding(head: PartHead, defects: DefectList): TransferEncoding {
  const value = firstValue(head, 'content-transfer-encoding', defects)
  if (value === undefined) return '7bit'
  const encoding = parseTransferEncoding(value)
  if (encoding === null) defects.add('unknown-transfer-encoding', unfold(value))
  return encoding ?? 'binary'
}

/** Plain words under a base64 label are taken as the words they are. */
function checkBase64(bytes: Buffer, node: PartNode, defects: DefectList): void {
  if (node.encoding !== 'base64') return
  if (looksLikeBase64(bytes.subarray(node.offset, node.offset + node.length))) return
  node.encoding = '8bit'
  defects.add('bad-base64', node.path)
}
