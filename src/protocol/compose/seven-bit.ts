import { parseAddressList } from '../mime/address-list.ts'
import { decodeRawHeader } from '../mime/charset.ts'
import { parseContentDisposition, parseContentType } from '../mime/content-type.ts'
import { collectDefects } from '../mime/defects.ts'
import { type HeaderField, readHead, unfold } from '../mime/header-fields.ts'
import { defaultLimits } from '../mime/limits.ts'
import { type PartNode, type PartTree, readPartTree } from '../mime/part-tree.ts'
import { ParseError } from '../parse-error.ts'
import { foldField } from './fold.ts'
import { mailboxListWords, unstructuredWords } from './header-words.ts'
import { parameterizedWords } from './parameter.ts'
import { encodeBase64, encodeQuotedPrintable } from './transfer-encoding.ts'

const MAX_NESTED = 10
const QUESTION_MARK = 0x3f

/**
 * The same message in seven bits, for a server that takes no more (RFC 6152 §3): bodies are encoded again, header text becomes encoded
 * words (RFC 2047, RFC 2231). Signatures on it would not hold, so they are taken off. Null where there is no other spelling: an address
 * or a Message-ID beyond ASCII.
 */
export function toSevenBit(raw: Buffer): Buffer | null {
  try {
    return withoutHighBytes(convert(raw, 0, isSignature))
  } catch (error) {
    if (error instanceof ParseError) return null
    throw error
  }
}

const isSignature = ({ name }: HeaderField) => /^(?:dkim-signature|domainkey-signature|arc-.*)$/i.test(name)

interface Edit {
  start: number
  end: number
  bytes: Buffer
}

function convert(raw: Buffer, depth: number, drop: (field: HeaderField) => boolean = () => false): Buffer {
  if (depth > MAX_NESTED) throw new ParseError('messages are nested too deep')
  const tree = readPartTree(raw, 0, defaultLimits, collectDefects())
  const edits = nodesOf(tree.root).flatMap((node) => {
    const body = bodyOf(raw, node, depth)
    const head = headOf(raw, tree, node, body?.encoding ?? null, node === tree.root ? drop : () => false)
    return [head, ...(body ? [body.edit] : [])]
  })
  const pieces: Buffer[] = []
  let at = 0
  for (const { start, end, bytes } of edits.sort((a, b) => a.start - b.start)) {
    pieces.push(raw.subarray(at, start), bytes)
    at = end
  }
  return Buffer.concat([...pieces, raw.subarray(at)])
}

function nodesOf(node: PartNode): PartNode[] {
  return [node, ...node.children.flatMap(nodesOf)]
}

/** The body of a leaf as it must be; undefined when it may stay. */
function bodyOf(raw: Buffer, node: PartNode, depth: number): { edit: Edit; encoding: string } | undefined {
  const isOpen = ['7bit', '8bit', 'binary'].includes(node.encoding)
  if (node.children.length > 0) return undefined
  const [start, end] = [node.offset, node.offset + node.length]
  const body = raw.subarray(start, end)
  if (!isOpen || !body.some((byte) => byte > 0x7f)) return undefined
  const [bytes, encoding] = encoded(node.contentType, body, depth)
  return { edit: { start, end, bytes }, encoding }
}

function encoded(contentType: string, body: Buffer, depth: number): [Buffer, string] {
  // RFC 2046 §5.2.1: a message inside must not be encoded, so what is in it is.
  if (contentType === 'message/rfc822' || contentType === 'message/global') return [convert(body, depth + 1), '7bit']
  if (contentType.startsWith('message/')) throw new ParseError(`${contentType} may not be encoded`)
  if (contentType.startsWith('text/')) return [encodeQuotedPrintable(body), 'quoted-printable']
  return [encodeBase64(body), 'base64']
}

function headOf(
  raw: Buffer,
  tree: PartTree,
  node: PartNode,
  encoding: string | null,
  drop: (field: HeaderField) => boolean,
): Edit {
  const start = tree.heads.get(node) ?? 0
  const { fields, bodyOffset } = readHead(raw, start, node.offset)
  const kept = fields.filter((field) => !drop(field) && !(encoding && isEncodingField(field)))
  const written = kept.map((field) => (node.children.length > 0 && isEncodingField(field) ? '' : sevenBitField(field)))
  const added = encoding ? [`Content-Transfer-Encoding: ${encoding}\r\n`] : []
  return { start, end: bodyOffset, bytes: Buffer.from(`${[...written, ...added].join('')}\r\n`, 'latin1') }
}

const isEncodingField = ({ name }: HeaderField) => name.toLowerCase() === 'content-transfer-encoding'

const ADDRESSES = /^(?:resent-)?(?:from|sender|reply-to|to|cc|bcc)$/
const WITHOUT_OTHER_SPELLING = /^(?:message-id|in-reply-to|references|date|return-path|content-id)$/

function sevenBitField(field: HeaderField): string {
  if (!/[\x80-\xff]/.test(field.value)) return field.raw.endsWith('\n') ? field.raw : `${field.raw}\r\n`
  const name = field.name.toLowerCase()
  const text = decodeRawHeader(unfold(field.value))
  if (WITHOUT_OTHER_SPELLING.test(name)) throw new ParseError(`${field.name} cannot be written in ASCII`)
  const words = ADDRESSES.test(name)
    ? mailboxListWords(field.name, parseAddressList(text).mailboxes)
    : (mimeWords(name, field.value) ?? unstructuredWords(field.name, text))
  if (words.length === 0 || words.some((word) => /[^\x20-\x7e]/.test(word)))
    throw new ParseError(`${field.name} cannot be written in ASCII`)
  return foldField(field.name, words)
}

function mimeWords(name: string, value: string): string[] | undefined {
  if (name !== 'content-type' && name !== 'content-disposition') return undefined
  const { parameters } = name === 'content-type' ? parseContentType(value) : parseContentDisposition(value)
  const first = /^\s*([!-~]+?)\s*(?:;|$)/.exec(unfold(value))?.[1]
  if (!first) throw new ParseError(`${name} cannot be read`)
  const all = [...parameters].map(([parameter, text]) => ({ name: parameter, value: text }))
  return parameterizedWords(first, all)
}

// What stands between the parts of a multipart is shown to nobody.
function withoutHighBytes(bytes: Buffer): Buffer {
  return bytes.some((byte) => byte > 0x7f)
    ? Buffer.from(bytes.map((byte) => (byte > 0x7f ? QUESTION_MARK : byte)))
    : bytes
}
