import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { asBuffer } from './as-buffer.ts'
import { decodeHz, decodeIso2022Kr } from './shifted-charsets.ts'
import { decodeUtf7 } from './utf7.ts'

/** Text read from bytes, and what was wrong with the label or the bytes. */
export interface Decoded {
  text: string
  defect?: 'unknown-charset' | 'bad-charset-bytes'
}

type Decode = (bytes: Buffer) => string

const decoders = new Map<string, Decode | null>()
// Labels come from mails: the cache must not grow with their imagination.
const CACHE_SIZE = 500
const LABEL_LENGTH = 60

/**
 * Bytes to text by a charset label (RFC 2046 §4.1.2; labels as in the WHATWG encoding standard, then those iconv-lite knows).
 * Without a label, or with one nobody knows: UTF-8 if the bytes are that, else windows-1252. Never throws.
 */
export function decodeCharset(bytes: Uint8Array, label: string | null): Decoded {
  const buffer = asBuffer(bytes)
  const wanted = label === null ? '' : cleanLabel(label)
  if (wanted === '' || wanted === 'us-ascii' || wanted === 'ascii') return { text: guess(buffer) }
  const decode = decoderFor(wanted)
  if (!decode) return { text: guess(buffer), defect: 'unknown-charset' }
  const text = decode(buffer)
  return wanted === 'utf-8' && text.includes('\ufffd') && !isUtf8(buffer)
    ? { text, defect: 'bad-charset-bytes' }
    : { text }
}

/** Header bytes that should have been encoded words (one char per byte): UTF-8 (RFC 6532), else windows-1252. */
export function decodeRawHeader(latin1: string): string {
  return isPlainAscii(latin1) ? latin1 : guess(Buffer.from(latin1, 'latin1'))
}

/** Bytes without any declared charset: UTF-8 if they are that, else windows-1252. */
function guess(buffer: Buffer): string {
  if (isAscii(buffer)) return buffer.toString('latin1')
  return (isUtf8(buffer) ? utf8 : windows1252).decode(buffer)
}

const utf8 = new TextDecoder('utf-8')
const windows1252 = new TextDecoder('windows-1252')

const NON_ASCII = /[^\0-\x7f]/

function isPlainAscii(text: string): boolean {
  return !NON_ASCII.test(text)
}

function cleanLabel(label: string): string {
  return label
    .slice(0, LABEL_LENGTH)
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, '')
}

function decoderFor(label: string): Decode | null {
  const known = decoders.get(label)
  if (known !== undefined) return known
  if (decoders.size >= CACHE_SIZE) decoders.clear()
  const made = ownDecoder(label) ?? webDecoder(label) ?? iconvDecoder(label)
  decoders.set(label, made)
  return made
}

function ownDecoder(label: string): Decode | null {
  if (UTF7.test(label)) return decodeUtf7
  if (/^(?:hz|hz-gb-?2312)$/.test(label)) return decodeHz
  return /^(?:cs)?iso-?2022-?kr$/.test(label) ? decodeIso2022Kr : null
}

// iconv-lite needs seconds for a mail made of short UTF-7 runs.
const UTF7 = /^(?:(?:x-)?(?:unicode-(?:1-1|2-0)-)?utf-?7|csunicode11utf7)$/

// Names that mailers write and the web does not know.
const ALIASES: Record<string, string> = {
  utf8mb4: 'utf-8',
  'x-utf-8': 'utf-8',
  'iso-8859-8-i': 'iso-8859-8',
  'x-gbk': 'gbk',
  cp936: 'gbk',
  ms936: 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  cp932: 'shift_jis',
  cp950: 'big5',
  'cp-850': 'cp850',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'x-mac-roman': 'macintosh',
}

function webDecoder(label: string): Decode | null {
  try {
    const decoder = new TextDecoder(Object.hasOwn(ALIASES, label) ? ALIASES[label] : label)
    // Node has private-use characters where the standard has those of Hong Kong (HKSCS).
    return decoder.encoding === 'big5' ? iconvDecoder('big5-hkscs') : (bytes) => decoder.decode(bytes)
  } catch {
    return null
  }
}

function iconvDecoder(label: string): Decode | null {
  try {
    const plain = label.replace(/[^a-z0-9]/g, '')
    if (plain === '' || plain.includes('utf7') || NOT_CHARSETS.has(plain) || !iconv.encodingExists(label)) return null
    return (bytes) => iconv.decode(bytes, label).toWellFormed()
  } catch {
    return null
  }
}

// iconv-lite also answers to Node's byte encodings and to its own building blocks; and mailbox names of IMAP are no texts.
const NOT_CHARSETS = new Set(['hex', 'base64', 'binary', 'internal', 'sbcs', 'dbcs'])
