import { nextToken, type Scan, type Token } from './address-tokens.ts'
import { decodeEncodedWords } from './encoded-words.ts'

/** One address of a header field. `address` is as written, trimmed; empty when the field names someone without one. */
export interface Mailbox {
  name: string | null
  address: string
}

export interface AddressList {
  mailboxes: Mailbox[]
  /** There were more than `max`; the rest was not read. */
  truncated: boolean
}

/**
 * An address list (RFC 5322 §3.4 with the obsolete forms): groups are flattened, comments serve as names where none stands, encoded words
 * in names are decoded. Takes what mails really contain: missing quotes and brackets, `;` between addresses, bare words.
 * `value` is one unfolded line of Unicode, its encoded words not yet decoded: what they hide must not become syntax. Linear.
 */
export function parseAddressList(value: string, max = 10_000): AddressList {
  const scan: Scan = { text: value, at: 0, quotes: true, comments: true }
  const mailboxes: Mailbox[] = []
  let entry = emptyEntry()
  const finish = (next: Entry) => {
    const mailbox = toMailbox(entry)
    if (mailbox) mailboxes.push(mailbox)
    entry = next
  }
  while (scan.at < value.length && mailboxes.length < max) {
    const token = nextToken(scan)
    if (token.kind === 'separator') finish(emptyEntry())
    // RFC 5322 §3.4: the words before a colon name a group.
    else if (token.kind === 'group' && entry.angle === null && !entry.bare) entry = emptyEntry()
    else if (token.kind === 'group') finish(emptyEntry())
    else {
      // A comma was forgotten: this entry has its address already.
      if (isComplete(entry, token)) finish({ ...emptyEntry(), leftover: true })
      addToken(entry, token)
    }
  }
  if (mailboxes.length >= max) return { mailboxes, truncated: scan.at < value.length }
  finish(emptyEntry())
  return { mailboxes, truncated: false }
}

/** What stands between two separators. */
interface Entry {
  pieces: Token[]
  comments: string[]
  angle: string | null
  /** A piece holds an `@`. */
  bare: boolean
  /** It began behind an address without a separator: words alone are junk there. */
  leftover: boolean
}

function emptyEntry(): Entry {
  return { pieces: [], comments: [], angle: null, bare: false, leftover: false }
}

function isComplete(entry: Entry, token: Token): boolean {
  if (token.kind === 'comment' || token.text === '') return false
  if (entry.angle !== null) return entry.angle.trim() !== ''
  return entry.bare && token.kind === 'word' && /[^@]@[^@]/.test(token.text)
}

function addToken(entry: Entry, token: Token): void {
  if (token.kind === 'angle') entry.angle = token.text
  else if (token.kind === 'comment') entry.comments.push(token.text)
  else if (token.text !== '' || token.kind === 'quoted') {
    entry.pieces.push(token)
    if (token.kind === 'word' && token.text.includes('@')) entry.bare = true
  }
}

function toMailbox({ pieces, comments, angle, bare, leftover }: Entry): Mailbox | null {
  if (pieces.length === 0 && angle === null) return null
  const inAngle = angle === null ? '' : cleanAddress(angle)
  const address = inAngle === '' && bare ? takeBareAddress(pieces) : inAngle
  if (leftover && !address.includes('@')) return null
  const comment = cleanName(comments.join(' '))
  // `MAILER-DAEMON`: one bare word is where the mail comes from, several are a name.
  if (address === '' && angle === null && isBareWord(pieces))
    return { name: comment, address: cleanAddress(pieces[0]!.text) }
  const name = cleanName(joinPieces(pieces)) ?? comment ?? (address === '' ? cleanName(angle ?? '') : null)
  return address === '' && name === null ? null : { name, address }
}

function isBareWord(pieces: readonly Token[]): boolean {
  return pieces.length === 1 && pieces[0]!.kind === 'word' && !pieces[0]!.text.includes('=?')
}

/** Takes the address out of the pieces, put together again when blanks or quotes split it (`"a b"@c`, `a @ c`). */
function takeBareAddress(pieces: Token[]): string {
  const index = pieces.findIndex((p) => p.kind === 'word' && p.text.includes('@'))
  let { text } = pieces[index]!
  let from = index
  let to = index + 1
  if (text.startsWith('@') && from > 0) text = asWritten(pieces[--from]!) + text
  while (to < pieces.length && (text.endsWith('@') || isDotted(pieces, to))) text += pieces[to++]!.text
  pieces.splice(from, to - from)
  return cleanAddress(text)
}

/** RFC 5322 §4.4 lets blanks stand around the dots of a domain. */
function isDotted(pieces: readonly Token[], at: number): boolean {
  return pieces[at]!.text.startsWith('.') || pieces[at - 1]!.text === '.'
}

function asWritten(piece: Token): string {
  return piece.kind === 'quoted' ? `"${piece.text.replace(/["\\]/g, '\\$&')}"` : piece.text
}

const CONTROLS = /[\0-\x1f\x7f]/g

/** The address without route and comments; '' for text that is none, since one put together from pieces may be somebody else's. */
function cleanAddress(text: string): string {
  const plain = text
    .replace(CONTROLS, ' ')
    .trim()
    .replace(/^mailto:/i, '')
  // RFC 5322 §4.4: an obsolete route is dropped.
  const address = plain.startsWith('@') && plain.includes(':') ? plain.slice(plain.lastIndexOf(':') + 1) : plain
  if (address.includes('"')) return !address.includes('@') && /\S\s+\S/.test(address) ? '' : address
  const joined = joinDots(address.replace(/\([^()]*\)/g, ' '))
  return joined.includes(' ') ? '' : joined
}

/** RFC 5322 §4.4 lets blanks stand around the dots and the `@`, and nowhere else. */
function joinDots(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/ ?([.@]) ?/g, '$1')
    .trim()
}

function joinPieces(pieces: readonly Token[]): string {
  return pieces.map((p) => (p.spaced ? ' ' : '') + p.text).join('')
}

function cleanName(raw: string): string | null {
  const name = decodeEncodedWords(raw).replace(CONTROLS, ' ').replace(/ {2,}/g, ' ').trim()
  return name === '' ? null : name
}
