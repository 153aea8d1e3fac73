import { decodeCharset, decodeRawHeader } from './charset.ts'
import { unfold } from './header-fields.ts'

/** One encoded word (RFC 2047 §2): where it stands, its charset without the RFC 2231 language, and its still encoded text. */
interface Word {
  start: number
  end: number
  charset: string
  base64: boolean
  text: string
}

/** A whole unstructured field (raw latin1, folds included) as Unicode on one line, without NUL, CR and LF. */
export function decodeHeaderText(latin1: string): string {
  const line = decodeRawHeader(unfold(latin1)).replace(/[\0\r\n]/g, '')
  return decodeEncodedWords(line)
}

/**
 * Replaces the encoded words of a text (RFC 2047). Blanks between two neighbours vanish and their bytes are joined before the
 * charset is applied, since some mailers cut inside a character. What is no proper word stays as it is. Linear.
 */
export function decodeEncodedWords(text: string): string {
  if (!text.includes('=?')) return text
  let out = ''
  let at = 0
  let run: Word[] = []
  for (const word of findWords(text)) {
    const between = text.slice(at, word.start)
    if (run.length > 0 && between.trim() !== '') {
      out += decodeRun(run)
      run = []
    }
    if (run.length === 0) out += between
    run.push(word)
    at = word.end
  }
  return out + decodeRun(run) + text.slice(at)
}

// The bounds keep each try short; charset names and languages are far below them.
const OPENING = /=\?([^?\s*]{1,60})(?:\*[^?\s]{0,60})?\?([bq])\?/giy

function* findWords(text: string): Generator<Word> {
  let from = 0
  let close = 0
  while (from < text.length) {
    const start = text.indexOf('=?', from)
    if (start < 0) return
    OPENING.lastIndex = start
    const opening = OPENING.exec(text)
    from = start + 2
    if (!opening) continue
    const textStart = start + opening[0].length
    // Looked for once and kept: many openings before one far end must not each walk to it.
    if (close < textStart) close = text.indexOf('?=', textStart)
    if (close < 0) return
    const nextOpening = text.indexOf('=?', textStart)
    if (nextOpening >= 0 && nextOpening < close - 1) continue
    const word = makeWord(start, close, opening, text.slice(textStart, close))
    if (!word) continue
    yield word
    from = word.end
  }
}

// Blanks inside a Q word are forbidden, but frequent.
const Q_TEXT = /^[ -~]*$/
const B_TEXT = /^[A-Za-z0-9+/_=\s-]*$/

function makeWord(start: number, close: number, opening: RegExpExecArray, text: string): Word | null {
  const base64 = opening[2]!.toLowerCase() === 'b'
  if (!(base64 ? B_TEXT : Q_TEXT).test(text)) return null
  return { start, end: close + 2, charset: opening[1]!, base64, text }
}

/** Adjacent words: those of one charset are decoded together. */
function decodeRun(run: readonly Word[]): string {
  let out = ''
  for (let at = 0; at < run.length; ) {
    const charset = run[at]!.charset.toLowerCase()
    let to = at + 1
    while (to < run.length && run[to]!.charset.toLowerCase() === charset) to++
    out += decodeCharset(joinBytes(run.slice(at, to)), charset).text
    at = to
  }
  return out.replace(/[\0\r\n]/g, ' ')
}

function joinBytes(words: readonly Word[]): Buffer {
  const pieces: Buffer[] = []
  let base64 = ''
  for (const word of words) {
    if (word.base64) {
      base64 += word.text.replace(/\s/g, '')
      // Cut inside a group of four: the next word goes on with it.
      if (base64.length % 4 !== 0 && !base64.endsWith('=')) continue
    }
    if (base64) pieces.push(Buffer.from(base64, 'base64'))
    base64 = ''
    if (!word.base64) pieces.push(decodeQ(word.text))
  }
  if (base64) pieces.push(Buffer.from(base64, 'base64'))
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

/** The Q encoding (RFC 2047 §4.2): `_` is a blank, `=XX` a byte. */
function decodeQ(text: string): Buffer {
  const latin1 = text
    .replace(/_/g, ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(latin1, 'latin1')
}
