import { unfold } from './header-fields.ts'
import { parseParameters } from './parameters.ts'

/** A Content-Type (RFC 2045 §5): `type` is `type/subtype` in lower case. */
export interface ContentType {
  type: string
  parameters: Map<string, string>
  /** The field had no `type/subtype`, and `type` is our reading of it. */
  malformed: boolean
}

export interface ContentDisposition {
  disposition: 'attachment' | 'inline' | null
  parameters: Map<string, string>
}

// Far more than any real field of this kind; the rest of an endless one is not read.
const MAX_LENGTH = 32_768

const TYPE = /^\s*([^\s/;,()<>@:\\"[\]?=]{1,127})\s*\/\s*([^\s/;,()<>@:\\"[\]?=]{1,127})/

/** Reads a Content-Type value (raw latin1). RFC 2045 §5.2 makes plain text of what cannot be read. */
export function parseContentType(value: string): ContentType {
  const line = unfold(value.slice(0, MAX_LENGTH))
  const match = TYPE.exec(line)
  if (match) {
    const type = `${match[1]}/${match[2]}`.toLowerCase()
    return {
      type: isPrintable(type) ? type : OPAQUE,
      parameters: parseParameters(line, match[0].length),
      malformed: false,
    }
  }
  const word = /^[^\s;=]*(?=\s|;|$)/.exec(line)?.[0] ?? ''
  return { type: typeOfWord(word), parameters: parseParameters(line, word.length), malformed: true }
}

const OPAQUE = 'application/octet-stream'

function isPrintable(type: string): boolean {
  return /^[!-~]+$/.test(type)
}

function typeOfWord(word: string): string {
  const lower = word.toLowerCase().replace(/\/$/, '')
  if (lower === 'multipart') return 'multipart/mixed'
  return lower === 'html' ? 'text/html' : 'text/plain'
}

/** Reads a Content-Disposition value (raw latin1). A word nobody knows means attachment (RFC 2183 §2.8). */
export function parseContentDisposition(value: string): ContentDisposition {
  const line = unfold(value.slice(0, MAX_LENGTH))
  const word = /^\s*"?([a-z0-9_-]+)"?\s*(?=;|\s|$)/i.exec(line)
  const parameters = parseParameters(line, word ? word[0].length : 0)
  if (!word) return { disposition: null, parameters }
  return { disposition: word[1]!.toLowerCase() === 'inline' ? 'inline' : 'attachment', parameters }
}
