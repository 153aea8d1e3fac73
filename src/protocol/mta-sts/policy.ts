import { ParseError } from '../parse-error.ts'

/** How a domain wants mail to reach it (RFC 8461 §3.2). */
export interface StsPolicy {
  mode: 'enforce' | 'testing' | 'none'
  /** Host names, or `*.` and what one more label stands before. Lower case. */
  mx: readonly string[]
  maxAgeSeconds: number
}

/** RFC 8461 §3.2: about one year. */
const MAX_AGE_SECONDS = 31_557_600
const MAX_PATTERNS = 100

/** The `id` in the TXT records of `_mta-sts.<domain>`; null when there is no policy (RFC 8461 §3.1). */
export function readStsId(records: readonly string[]): string | null {
  const ours = records.filter((record) => /^v=STSv1\s*;/.test(record))
  const [record] = ours
  if (record === undefined || ours.length > 1 || record.length > 4096) return null
  const fields = record.split(';').map((field) => field.trim())
  const ids = fields.flatMap((field) => /^id\s*=\s*([0-9a-zA-Z]{1,32})$/.exec(field)?.[1] ?? [])
  return ids[0] ?? null
}

/** Reads a policy file. Fields it does not know are none of its business; of those that come twice, except `mx`, the first counts. */
export function parseStsPolicy(text: string): StsPolicy {
  const fields = new Map<string, string>()
  const mx: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim()
    const value = line.slice(colon + 1).trim()
    if (name === 'mx') mx.push(value.toLowerCase())
    else if (name !== '' && !fields.has(name)) fields.set(name, value)
  }
  const mode = fields.get('mode')
  const maxAge = fields.get('max_age') ?? ''
  if (fields.get('version') !== 'STSv1') throw new ParseError('The policy has no known version')
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') throw new ParseError('The policy has no known mode')
  if (!/^\d{1,10}$/.test(maxAge)) throw new ParseError('The policy has no max_age')
  if (mx.length > MAX_PATTERNS || mx.some((pattern) => !isPattern(pattern)))
    throw new ParseError('The policy has a bad mx')
  if (mx.length === 0 && mode !== 'none') throw new ParseError('The policy names no mx')
  return { mode, mx, maxAgeSeconds: Math.min(Number(maxAge), MAX_AGE_SECONDS) }
}

/** True when a host name is in the policy: literally, or with one label for the star (RFC 8461 §4.1). */
export function isNamed({ mx }: StsPolicy, host: string): boolean {
  const name = host.toLowerCase()
  const parent = name.slice(name.indexOf('.') + 1)
  return mx.some(
    (pattern) => pattern === name || (pattern.startsWith('*.') && name !== parent && pattern.slice(2) === parent),
  )
}

function isPattern(text: string): boolean {
  return /^(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(text) && text.length < 256
}
