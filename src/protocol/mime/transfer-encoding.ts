import { asBuffer } from './as-buffer.ts'
import { decodeBase64 } from './base64.ts'
import { decodeQuotedPrintable } from './quoted-printable.ts'
import { decodeUuencode } from './uuencode.ts'

export type TransferEncoding = '7bit' | '8bit' | 'binary' | 'base64' | 'quoted-printable' | 'x-uuencode'

const NAMES: Record<string, TransferEncoding> = {
  '7bit': '7bit',
  '7-bit': '7bit',
  '8bit': '8bit',
  '8-bit': '8bit',
  '8bits': '8bit',
  binary: 'binary',
  none: '7bit',
  base64: 'base64',
  'base-64': 'base64',
  b: 'base64',
  'quoted-printable': 'quoted-printable',
  quotedprintable: 'quoted-printable',
  qp: 'quoted-printable',
  'x-uuencode': 'x-uuencode',
  uuencode: 'x-uuencode',
  'x-uue': 'x-uuencode',
  uue: 'x-uuencode',
}

/** Reads a Content-Transfer-Encoding value (RFC 2045 §6); null when nobody knows that encoding. */
export function parseTransferEncoding(value: string): TransferEncoding | null {
  const word = /[a-z0-9][a-z0-9-]{0,40}/i.exec(value.slice(0, 1000).replace(/\([^)]*\)/g, ''))?.[0].toLowerCase()
  if (word === undefined) return '7bit'
  return Object.hasOwn(NAMES, word) ? NAMES[word]! : null
}

/** The bytes behind an encoding. `damaged`: something in there was no part of the encoding and was passed over. */
export function decodeTransfer(bytes: Uint8Array, encoding: TransferEncoding): { bytes: Buffer; damaged: boolean } {
  const buffer = asBuffer(bytes)
  if (encoding === 'base64') return decodeBase64(buffer)
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(buffer)
  if (encoding === 'x-uuencode') return decodeUuencode(buffer)
  return { bytes: buffer, damaged: false }
}
