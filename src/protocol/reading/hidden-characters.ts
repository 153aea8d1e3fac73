import type { RiskFinding } from './risk.ts'

/** Characters that are read by machines and not seen by people, and the words that they spell. */
export function findHiddenCharacters(text: string): { findings: RiskFinding[]; spelt: string } {
  if (!SUSPICIOUS.test(text)) return { findings: [], spelt: '' }
  const tags = spelledWithTags(text)
  const bytes = spelledWithSelectors(text)
  const findings: RiskFinding[] = []
  if (tags.length >= 3 || bytes.length >= 3) findings.push(finding('high', 'Invisible characters spell out words'))
  if (isSignal(text)) findings.push(finding('medium', 'A long row of characters without width, as hidden data has'))
  if ((text.match(BROKEN_WORD)?.length ?? 0) >= MANY_BROKEN)
    findings.push(finding('low', 'Words are broken by characters without width'))
  if (REVERSED.test(text))
    findings.push({
      code: 'reversed-text',
      level: 'medium',
      explanation: 'Words are shown in another order than they stand',
    })
  return { findings, spelt: `${tags} ${bytes}`.toLowerCase() }
}

const finding = (level: RiskFinding['level'], explanation: string): RiskFinding => ({
  code: 'hidden-characters',
  level,
  explanation,
})

const SUSPICIOUS = /[\u200b-\u200d\u202d\u202e\u2060-\u2064\ufeff]|[\ufe00-\ufe0f]|\udb40/

const MAX_SPELT = 10_000

// U+E0020 to U+E007E are ASCII that is never drawn. Behind a black flag they name a country, with an end of their own.
const TAGS = /(\u{1f3f4})?([\u{e0020}-\u{e007e}]{1,1000})\u{e007f}?/gu

function spelledWithTags(text: string): string {
  let spelt = ''
  for (const [, flag, tags] of text.matchAll(TAGS)) {
    if (flag !== undefined && [...tags!].length <= 6) continue
    for (const tag of tags!) spelt += String.fromCharCode(tag.codePointAt(0)! - 0xe0000)
    if (spelt.length > MAX_SPELT) break
  }
  return spelt
}

// A picture or an ideograph has one selector behind it; a row of them is a row of bytes.
const SELECTORS = /(?:[\u{fe00}-\u{fe0f}]|[\u{e0100}-\u{e01ef}]){3,1000}/gu

function spelledWithSelectors(text: string): string {
  let spelt = ''
  for (const [row] of text.matchAll(SELECTORS)) {
    for (const selector of row) {
      const code = selector.codePointAt(0)!
      spelt += String.fromCharCode(code < 0xe0100 ? code - 0xfe00 : code - 0xe0100 + 16)
    }
    if (spelt.length > MAX_SPELT) break
  }
  return spelt
}

/** Two kinds of them in one long row carry a message; newsletters pad their previews with blanks between. */
function isSignal(text: string): boolean {
  for (const [row] of text.matchAll(/[\u200b-\u200d\u2060-\u2064\ufeff]{16,4000}/g)) {
    if (new Set(row).size > 1) return true
  }
  return false
}

// A break that only offers a line end stands behind a dot, a slash or a hyphen.
const BROKEN_WORD = /[a-z][\u200b\u200c\u2060-\u2064\ufeff]{1,10}(?=[a-z])/gi
const MANY_BROKEN = 5

// An override with something behind it. Marks and isolates are how Arabic and Hebrew are written, and are left alone.
const REVERSED = /[\u202d\u202e][^\u202c\n]{0,3}[\p{L}\p{N}]/u
