/** An enhanced mail system status code (RFC 3463 §2). */
export interface StatusCode {
  class: 2 | 4 | 5
  subject: number
  detail: number
}

const EXACT = /^([245])\.(\d{1,3})\.(\d{1,3})$/
// Neither a piece of an IP address nor of a version: no digit or dot on either side, subject 0 to 7 (RFC 3463 §3).
const INSIDE = /(?<![\d.])([245])\.([0-7])\.(\d{1,3})(?![\d]|\.\d)/g
const REPLY = /(?:^|[\s:;,<>([{"'])([245]\d\d)(?=[\s\-:;,>]|$)/g

export function parseStatusCode(text: string): StatusCode | null {
  const match = EXACT.exec(text.trim())
  if (!match) return null
  return { class: Number(match[1]) as StatusCode['class'], subject: Number(match[2]), detail: Number(match[3]) }
}

export function statusClass(text: string): StatusCode['class'] | null {
  return parseStatusCode(text)?.class ?? null
}

/** All enhanced codes in a text, in order. */
export function findStatusCodes(text: string): string[] {
  return Array.from(text.matchAll(INSIDE), (m) => `${m[1]}.${m[2]}.${Number(m[3])}`)
}

/** Reply codes of refusals (4yz, 5yz) standing in a text, in order (RFC 5321 §4.2). */
export function findReplyCodes(text: string): string[] {
  return Array.from(text.matchAll(REPLY), (m) => m[1] ?? '').filter((code) => code >= '400' && code < '560')
}

// Says only that something failed, or that time ran out while something else failed.
const VAGUE = /^[245]\.(?:0\.0|4\.7)$/

/** The first code that says why; else the first of all. */
export function mostTelling(codes: readonly (string | null | undefined)[]): string | null {
  const present = codes.filter((c): c is string => Boolean(c))
  return present.find((c) => !VAGUE.test(c)) ?? present[0] ?? null
}

const FROM_REPLY: Record<string, string> = {
  '421': '4.3.2',
  '450': '4.2.0',
  '451': '4.3.0',
  '452': '4.3.1',
  '455': '4.5.4',
  '500': '5.5.2',
  '501': '5.5.4',
  '502': '5.5.1',
  '503': '5.5.1',
  '504': '5.5.4',
  '521': '5.3.2',
  '530': '5.7.0',
  '535': '5.7.8',
  '550': '5.0.0',
  '551': '5.1.6',
  '552': '5.2.2',
  '553': '5.1.3',
  '554': '5.0.0',
  '555': '5.5.4',
  '556': '5.1.10',
}

/** Best guess of the enhanced code behind a reply code (RFC 5321 §4.2.3, RFC 7504); null for anything but a refusal. */
export function statusFromReplyCode(code: string): string | null {
  if (!/^[45]\d\d$/.test(code)) return null
  return FROM_REPLY[code] ?? `${code[0]}.0.0`
}
