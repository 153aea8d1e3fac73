import { findField, type HeaderField, readHead, unfold } from '../mime/header-fields.ts'

/** A leaf of a report mail: a text, a status block, or a whole message that is carried along. */
export interface Section {
  /** Lower-case media type; `text/plain` where none is given. */
  type: string
  fields: HeaderField[]
  body: Uint8Array
  charset: string
  encoding: string
}

const MAX_SECTIONS = 64
const MAX_DEPTH = 6
const MAX_TEXT = 256 * 1024

/** The leaves of a message in order (RFC 2046), tolerant and bounded; carried messages are leaves and not opened. */
export function readSections(bytes: Uint8Array): Section[] {
  const found: Section[] = []
  collect(bytes, found, 0)
  return found
}

const MISPLACED =
  /^--([^\r\n]{1,200})\r?\n(?:[\w-]+:[^\r\n]{0,300}\r?\n){0,3}content-type:[ \t]*message\/delivery-status\b/im

/** The parts of a report whose head names no boundary, or another one: the lines around the status part show it. */
export function recoverSections(bytes: Uint8Array): Section[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_TEXT)).toString('latin1')
  const boundary = MISPLACED.exec(text)?.[1]?.trimEnd()
  if (!boundary) return []
  const found: Section[] = []
  for (const part of splitParts(bytes, boundary)) collect(part, found, 1)
  return found
}

function collect(bytes: Uint8Array, found: Section[], depth: number): void {
  if (found.length >= MAX_SECTIONS) return
  const head = readHead(bytes, 0, bytes.length, 1000)
  const section = toSection(head.fields, bytes.subarray(head.bodyOffset))
  const boundary = depth < MAX_DEPTH && section.type.startsWith('multipart/') ? boundaryOf(head.fields) : ''
  const parts = boundary ? splitParts(section.body, boundary) : []
  if (parts.length === 0) {
    // A multipart whose boundary never comes is read as the text it looks like.
    found.push(section.type.startsWith('multipart/') ? { ...section, type: 'text/plain' } : section)
    return
  }
  for (const part of parts) collect(part, found, depth + 1)
}

function toSection(fields: HeaderField[], body: Uint8Array): Section {
  const contentType = unfold(findField(fields, 'content-type')?.value ?? '')
  return {
    type: /^[\w.+-]+\/[\w.+-]+/.exec(contentType)?.[0].toLowerCase() ?? 'text/plain',
    fields,
    body,
    charset: parameter(contentType, 'charset').toLowerCase(),
    encoding: unfold(findField(fields, 'content-transfer-encoding')?.value ?? '').toLowerCase(),
  }
}

function boundaryOf(fields: readonly HeaderField[]): string {
  return parameter(unfold(findField(fields, 'content-type')?.value ?? ''), 'boundary')
}

/** A parameter of a Content-Type value, quoted or not; empty when it is missing. */
export function parameter(value: string, name: string): string {
  const short = value.slice(0, 4000)
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^\\s;"]+))`, 'i').exec(short)
  return (match?.[1] ?? match?.[2] ?? '').trim()
}

function splitParts(body: Uint8Array, boundary: string): Uint8Array[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const parts: Uint8Array[] = []
  let partStart = -1
  let at = bytes.indexOf(delimiter)
  while (at >= 0 && parts.length < MAX_SECTIONS) {
    const after = at + delimiter.length
    if (isDelimiterLine(bytes, at, after)) {
      if (partStart >= 0) parts.push(bytes.subarray(partStart, endBefore(bytes, at)))
      const lineEnd = bytes.indexOf(10, after)
      partStart = lineEnd < 0 ? -1 : lineEnd + 1
      if (bytes[after] === 45 && bytes[after + 1] === 45) return parts
    }
    at = bytes.indexOf(delimiter, after)
  }
  if (partStart >= 0 && partStart < bytes.length) parts.push(bytes.subarray(partStart))
  return parts
}

function isDelimiterLine(bytes: Buffer, at: number, after: number): boolean {
  const next = bytes[after]
  const opens = at === 0 || bytes[at - 1] === 10
  return opens && (next === undefined || next === 10 || next === 13 || next === 32 || next === 9 || next === 45)
}

// RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter.
function endBefore(bytes: Buffer, at: number): number {
  if (at === 0) return 0
  return at >= 2 && bytes[at - 2] === 13 ? at - 2 : at - 1
}

/** The text of a section, transfer encoding and charset undone, LF line ends, cut at 256 KiB. */
export function sectionText(section: Section): string {
  const bytes = Buffer.from(section.body.buffer, section.body.byteOffset, Math.min(section.body.length, MAX_TEXT))
  const text = decodeCharset(decodeTransfer(bytes, section.encoding), section.charset).replace(/\r\n?/g, '\n')
  return section.type === 'text/html' ? htmlToText(text) : text
}

function decodeTransfer(bytes: Buffer, encoding: string): Buffer {
  if (encoding.startsWith('base64')) return Buffer.from(bytes.toString('latin1'), 'base64')
  if (encoding.startsWith('quoted-printable')) return decodeQuotedPrintable(bytes.toString('latin1'))
  return bytes
}

function decodeQuotedPrintable(text: string): Buffer {
  const joined = text.replace(/=[ \t]{0,80}\r?\n/g, '')
  return Buffer.from(
    joined.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

// Escape sequences of ISO-2022-JP: many notices carry them and say nothing of their charset.
const ISO_2022_JP = /\x1b[$(][@BIJ]/

function decodeCharset(bytes: Buffer, charset: string): string {
  const looksJapanese = bytes.includes(27) && ISO_2022_JP.test(bytes.toString('latin1'))
  for (const label of [looksJapanese ? 'iso-2022-jp' : charset || 'utf-8', 'utf-8']) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes)
    } catch {
      // Unknown label or wrong bytes: the next one.
    }
  }
  return new TextDecoder('windows-1252').decode(bytes)
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', nbsp: ' ', '#39': "'", '#64': '@' }

function htmlToText(html: string): string {
  return html
    .replace(/<(?:br|p|\/p|div|\/div|tr|\/tr|li|h\d)\b[^<>]{0,500}>/gi, '\n')
    .replace(/<[a-z!/][^<>@]{0,2000}>/gi, ' ')
    .replace(/&(#?\w{1,6});/g, (whole, name: string) => ENTITIES[name.toLowerCase()] ?? whole)
}
