import { readHead, unfold } from '../src/protocol/mime/header-fields.ts'

/** A part as a plain reader of RFC 2045–2047 and 2231 sees it: enough to check what we composed, and sharing no code with it. */
export interface ReadPart {
  type: string
  header: (name: string) => string | undefined
  parameter: (field: string, name: string) => string | undefined
  content: Buffer
  parts: ReadPart[]
}

export function readBack(message: Buffer): ReadPart {
  const head = readHead(message)
  const raw = (name: string) => {
    const found = head.fields.find((f) => f.name.toLowerCase() === name)
    return found && Buffer.from(unfold(found.value), 'latin1').toString()
  }
  const header = (name: string) => {
    const value = raw(name)
    return value === undefined ? undefined : decodeWords(value)
  }
  const parameter = (field: string, name: string) => readParameter(raw(field) ?? '', name)
  const type = (raw('content-type') ?? '').split(';')[0] ?? ''
  const body = message.subarray(head.bodyOffset)
  const parts = type.startsWith('multipart/') ? split(body, parameter('content-type', 'boundary') ?? '') : []
  const content = decode(body, raw('content-transfer-encoding'))
  return { type, header, parameter, content, parts: parts.map(readBack) }
}

function decodeWords(value: string): string {
  const joined = value.replace(/(=\?utf-8\?[BQ]\?[^? ]*\?=) +(?==\?utf-8\?[BQ]\?[^? ]*\?=)/g, '$1')
  return joined.replace(/=\?utf-8\?([BQ])\?([^? ]*)\?=/g, (_, kind: string, text: string) =>
    kind === 'B' ? Buffer.from(text, 'base64').toString() : unhex(text.replaceAll('_', ' '), /=(..)/g).toString(),
  )
}

function readParameter(value: string, name: string): string | undefined {
  const found = [...value.matchAll(/; ([\w-]+)(\*\d+)?(\*)?=(?:"([^"]*)"|([^;]*))/g)].filter((m) => m[1] === name)
  if (found.length === 0) return undefined
  const text = found.map((m) => m[4] ?? m[5] ?? '').join('')
  return found[0]?.[3] ? unhex(text.replace("utf-8''", ''), /%(..)/g).toString() : text
}

function decode(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'base64') return Buffer.from(body.toString('latin1'), 'base64')
  if (encoding === 'quoted-printable') return unhex(body.toString('latin1').replace(/=\r\n/g, ''), /=(..)/g)
  return body
}

function unhex(text: string, pattern: RegExp): Buffer {
  return Buffer.from(
    text.replace(pattern, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

function split(body: Buffer, boundary: string): Buffer[] {
  const pieces = `\r\n${body.toString('latin1')}`.split(`\r\n--${boundary}`)
  if (!pieces.pop()?.startsWith('--')) throw new Error('a multipart has no end')
  return pieces.slice(1).map((piece) => Buffer.from(piece.slice(2), 'latin1'))
}
