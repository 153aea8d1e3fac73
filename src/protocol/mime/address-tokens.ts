/** A walk over the text of an address field. */
export interface Scan {
  text: string
  at: number
  /** False after one without its partner: from there on such characters are plain, which keeps the walk linear. */
  quotes: boolean
  comments: boolean
}

export interface Token {
  kind: 'word' | 'quoted' | 'comment' | 'angle' | 'separator' | 'group'
  text: string
  /** Blanks stood in front of it. */
  spaced: boolean
}

const BLANK = /\s*/y
// An encoded word is one atom here, whatever commas and brackets careless mailers left inside.
const ENCODED_WORD = /=\?[^?\s]{1,120}\?[bq]\?[^?\r\n]{0,998}\?=/iy
const ATOM = /[^\s"(<>,;:]+/y

/** The next token; at the end, or when only blanks are left, a separator. Every call moves on. */
export function nextToken(scan: Scan): Token {
  const start = scan.at
  match(BLANK, scan)
  const spaced = scan.at > start
  const char = scan.text[scan.at]
  const make = (kind: Token['kind'], text = ''): Token => ({ kind, text, spaced })
  if (char === undefined) return make('separator')
  const quoted = char === '"' ? readQuoted(scan) : undefined
  if (quoted !== undefined) return make('quoted', quoted)
  const comment = char === '(' ? readComment(scan) : undefined
  if (comment !== undefined) return make('comment', comment)
  if (char === '<') return make('angle', readAngle(scan))
  const atom = (char === '=' ? match(ENCODED_WORD, scan) : undefined) ?? match(ATOM, scan)
  if (atom !== undefined) return make('word', atom)
  scan.at++
  if (char === ',' || char === ';') return make('separator')
  if (char === ':') return make('group')
  // A lone quote or bracket says nothing.
  return make('word', char === '(' ? '(' : '')
}

function match(pattern: RegExp, scan: Scan): string | undefined {
  pattern.lastIndex = scan.at
  const found = pattern.exec(scan.text)?.[0]
  if (found !== undefined) scan.at += found.length
  return found
}

/** The content of a quoted string, escapes resolved; undefined when it never ends. */
function readQuoted(scan: Scan): string | undefined {
  if (!scan.quotes) return undefined
  const end = findEnd(scan.text, scan.at + 1, '"')
  if (end < 0) {
    scan.quotes = false
    return undefined
  }
  const content = scan.text.slice(scan.at + 1, end)
  scan.at = end + 1
  return unquote(content)
}

function findEnd(text: string, from: number, wanted: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === wanted) return at
  }
  return -1
}

function unquote(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gs, '$1') : text
}

/** The content of a comment, nested ones included (RFC 5322 §3.2.2); undefined when it never ends. */
function readComment(scan: Scan): string | undefined {
  if (!scan.comments) return undefined
  const { text } = scan
  let depth = 0
  for (let at = scan.at; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) {
      const content = text.slice(scan.at + 1, at)
      scan.at = at + 1
      return unquote(content)
    }
  }
  scan.comments = false
  return undefined
}

/** What stands in angle brackets. A missing `>` ends the address at the next comma, `<` or the end. */
function readAngle(scan: Scan): string {
  const { text } = scan
  const start = scan.at + 1
  const end = findAngleEnd(text, start)
  const closed = text[end] === '>'
  const content = text.slice(start, end)
  // RFC 5322 §4.4: only an obsolete route (`@a,@b:`) and a quoted local part have commas of their own.
  const mayHoldComma = closed && (content.includes('"') || content.trimStart().startsWith('@'))
  const comma = mayHoldComma ? -1 : content.search(/[,;]/)
  if (comma >= 0) scan.at = start + comma
  else scan.at = closed ? end + 1 : end
  return text.slice(start, comma >= 0 ? scan.at : end)
}

function findAngleEnd(text: string, start: number): number {
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '"') quoted = !quoted
    else if (!quoted && (char === '>' || char === '<')) return at
  }
  const close = text.indexOf('>', start)
  return close < 0 ? text.length : close
}
