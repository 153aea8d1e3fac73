import { invalid } from '../errors.ts'

const MAX_HEADERS = 50
const NAME = /^[A-Za-z0-9-]{1,76}$/
const MAX_VALUE = 998

// What the server writes itself, or what would speak in somebody else's name.
const OURS = new Set(
  [
    'From To Cc Bcc Reply-To Sender Subject Date Message-ID In-Reply-To References Return-Path Received',
    'MIME-Version DKIM-Signature DomainKey-Signature Authentication-Results Received-SPF Delivered-To',
  ].flatMap((names) => names.toLowerCase().split(' ')),
)
const OUR_FAMILIES = /^(content|arc|resent)-/

/** True for the fields that are not a caller's own. */
export function isOurField(name: string): boolean {
  const lower = name.toLowerCase()
  return OURS.has(lower) || OUR_FAMILIES.test(lower)
}

/** Custom header fields of a caller: their own names only, one line each. */
export function checkHeaders(headers: Record<string, string>): { name: string; value: string }[] {
  const entries = Object.entries(headers)
  if (entries.length > MAX_HEADERS) throw invalid('headers', `at most ${MAX_HEADERS} custom headers`)
  const seen = new Set<string>()
  return entries.map(([name, value]) => {
    const lower = name.toLowerCase()
    if (!NAME.test(name)) throw invalid(['headers', name], 'is not a header field name')
    if (isOurField(name)) throw invalid(['headers', name], 'is set by the server')
    if (/[\r\n\0]/.test(value)) throw invalid(['headers', name], 'must not hold line breaks')
    if (!value.isWellFormed()) throw invalid(['headers', name], 'must be valid Unicode')
    if (value.length > MAX_VALUE) throw invalid(['headers', name], `must have at most ${MAX_VALUE} characters`)
    // Readers differ in which of two they show.
    if (seen.has(lower)) throw invalid(['headers', name], 'is given twice')
    seen.add(lower)
    return { name, value }
  })
}
