import { isBlank } from './reply-headers.ts'
import { deviceSignatures } from './reply-words.ts'

const MAX_SIGNATURE_LINES = 40
const MAX_BARE_LINES = 12
const MAX_FOOTER_LINES = 12

/**
 * Where the signature of `lines` begins; `lines.length` when there is none. Closings ("Regards, Ann") stay: they cannot be told
 * from words of the mail. Several may stand below each other, so the end is looked at until nothing more is found.
 */
export function signatureStart(lines: readonly string[]): number {
  let end = trimEnd(lines, lines.length)
  for (let round = 0; round < 4; round++) {
    const start = lastSignature(lines, end)
    if (start === undefined) return end
    end = trimEnd(lines, start)
  }
  return end
}

function trimEnd(lines: readonly string[], end: number): number {
  while (end > 0 && isBlank(lines[end - 1])) end--
  return end
}

function lastSignature(lines: readonly string[], end: number): number | undefined {
  return deviceLine(lines, end) ?? signedName(lines, end) ?? delimited(lines, end)
}

function deviceLine(lines: readonly string[], end: number): number | undefined {
  const last = lines[end - 1]
  if (last === undefined || last.length > 150) return undefined
  const line = last
    .trim()
    .replace(/^[-*_<\s]{1,6}|[-*_.!>\s]{1,6}$/g, '')
    .toLowerCase()
    .normalize('NFC')
  return deviceSignatures.some((pattern) => pattern.test(line)) ? end - 1 : undefined
}

// "-Ann Smith" on a line of its own below a blank one.
function signedName(lines: readonly string[], end: number): number | undefined {
  const last = lines[end - 1]
  if (last === undefined || last.length > 60 || end < 2 || !isBlank(lines[end - 2])) return undefined
  return /^[-–—~]{1,2} ?\p{Lu}[\p{L}.'’]*(?: \p{L}[\p{L}.'’]*){0,3}$/u.test(last.trim()) && !/^[-–—] /.test(last.trim())
    ? end - 1
    : undefined
}

// RFC 3676 §4.3: "-- " alone on a line. Without the blank, or as a long rule, only where little follows.
function delimited(lines: readonly string[], end: number): number | undefined {
  let found: number | undefined
  for (let i = end - 1; i >= 0 && end - i <= MAX_SIGNATURE_LINES; i--) {
    const line = lines[i]!
    const below = end - i - 1
    if (line === '-- ') found = i
    else if (below <= MAX_BARE_LINES && /^\s{0,3}(?:--|—|––)\s*$/.test(line)) found = i
    else if (below <= MAX_FOOTER_LINES && below > 0 && isFooterRule(line) && isListFooter(lines, i + 1, end)) found = i
  }
  return found
}

const isFooterRule = (line: string) => line.length < 120 && /^[_-]{10,}\s*$/.test(line)

// Mailman and its kin: a rule, the name of the list, where to leave it.
function isListFooter(lines: readonly string[], from: number, end: number): boolean {
  const text = lines.slice(from, end).join(' ').slice(0, 1000).toLowerCase()
  return /mailing list|unsubscribe|listinfo|abmelden|désabonner|google groups|you received this/.test(text)
}
