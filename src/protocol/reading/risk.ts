import { findHiddenCharacters } from './hidden-characters.ts'
import { type HiddenWords, type HtmlReading, nothingRead } from './html-reading.ts'
import { findLinkTricks } from './link-tricks.ts'
import { addressesMachine, mentionsMachine } from './machine-words.ts'

export type RiskLevel = 'none' | 'low' | 'medium' | 'high'

/** Something about a mail that its reader should know before believing it. */
export interface RiskFinding {
  code:
    | 'hidden-instructions'
    | 'hidden-text'
    | 'machine-instructions'
    | 'hidden-characters'
    | 'reversed-text'
    | 'mismatched-link'
    | 'misleading-link'
    | 'lookalike-link'
    | 'lookalike-sender'
    /** Not told by the words: whoever knows how the mail came adds these. */
    | 'unauthenticated-sender'
    | 'spam'
  level: Exclude<RiskLevel, 'none'>
  /** In our words only: a text of the mail in here would be where an agent trusts it. Host names are the exception. */
  explanation: string
}

export interface Risk {
  /** That of the gravest finding. */
  level: RiskLevel
  findings: RiskFinding[]
}

/** What the verdict is made of. */
export interface MailToJudge {
  subject: string | null
  text: string | null
  /** Null where the mail has no HTML. */
  html: HtmlReading | null
  /** The domain of the author, in lower case. */
  senderDomain: string | null
  /** It says itself that it went to many: it has a way to unsubscribe. */
  isBulk: boolean
}

/** More than this is padding around what an attacker wants read first. */
const MAX_CHARS = 1024 * 1024
const LEVELS: readonly RiskLevel[] = ['none', 'low', 'medium', 'high']

/**
 * Whether a mail tries to do something to the machine that reads it, or to the eyes of the person: words nobody sees, orders to an
 * assistant, links that lead elsewhere than they say. A verdict only: what is done with the mail is up to its reader.
 * Time is linear in any input.
 */
export function findRisk(mail: MailToJudge): Risk {
  const html = mail.html ?? nothingRead
  const text = `${mail.subject ?? ''}\n${(mail.text ?? '').slice(0, MAX_CHARS)}`
  const shown = html.shown.slice(0, MAX_CHARS)
  const characters = findHiddenCharacters(`${text}\n${shown}`)
  const words = { text: readable(text), shown: readable(shown) }
  const findings = [
    ...characters.findings,
    ...judgeHidden(html.hidden, `${words.text}\n${words.shown}`),
    ...(addressesMachine(characters.spelt) ? [HIDDEN_INSTRUCTIONS] : []),
    ...(addressesMachine(words.text) || addressesMachine(words.shown) ? [MACHINE_INSTRUCTIONS] : []),
    ...findLinkTricks(html.anchors, mail),
  ]
  const distinct = [...new Map(findings.map((finding) => [`${finding.code} ${finding.explanation}`, finding])).values()]
  return { level: gravest(distinct), findings: distinct }
}

const HIDDEN_INSTRUCTIONS: RiskFinding = {
  code: 'hidden-instructions',
  level: 'high',
  explanation: 'Words that a person does not see give orders to a machine',
}

const MACHINE_INSTRUCTIONS: RiskFinding = {
  code: 'machine-instructions',
  level: 'medium',
  explanation: 'The words give orders to a machine that reads the mail',
}

const hows: Readonly<Record<HiddenWords['how'], string>> = {
  gone: 'are not displayed',
  tiny: 'are too small to see',
  transparent: 'are transparent',
  outside: 'stand outside of the page',
  background: 'have the colour of what is behind them',
}

/** So many letters of hidden words are more than an oversight; designers hide menus and doubles for telephones. */
const MANY_GONE = 120
const MANY_TRICKED = 40
/** What a newsletter shows beside its subject in the list of mails. */
const MAX_PREHEADER = 600

function judgeHidden(hidden: readonly HiddenWords[], shown: string): RiskFinding[] {
  const words = readable(hidden.map(({ text }) => text).join(' '))
  if (!/\p{L}/u.test(words)) return []
  const preheader = readable(hidden.flatMap(({ first, text }) => (first ? [text] : [])).join(' '))
  const later = hidden.filter(({ first }) => !first || preheader.length > MAX_PREHEADER)
  const orders = addressesMachine(words) || mentionsMachine(readable(later.map(({ text }) => text).join(' ')))
  if (orders) return [HIDDEN_INSTRUCTIONS]
  if (later.length === 0) return []
  const seen = squeezed(shown)
  const unseen = later.filter(({ text }) => !seen.includes(squeezed(text)))
  return [...Map.groupBy(unseen, ({ how }) => how)].flatMap(([how, pieces]) => {
    const letters = pieces.reduce((sum, { text }) => sum + (text.match(/\p{L}/gu)?.length ?? 0), 0)
    if (letters < (how === 'gone' ? MANY_GONE : MANY_TRICKED)) return []
    return [{ code: 'hidden-text' as const, level: 'low' as const, explanation: `Words ${hows[how]}` }]
  })
}

const squeezed = (text: string) =>
  text
    .toLowerCase()
    .replace(/[\s\u00a0]+/g, ' ')
    .trim()

// Letters that look like others are an old way round such a search; so are characters between letters that nobody sees.
function readable(text: string): string {
  const plain = UNSEEN.test(text) ? text.replace(new RegExp(UNSEEN, 'g'), '') : text
  return (STYLED.test(plain) ? plain.normalize('NFKC') : plain).toLowerCase()
}

const UNSEEN = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\u034f|[\ufe00-\ufe0f]/
const STYLED = /[\uff21-\uff5a\u24b6-\u24e9]|\ud835/

function gravest(findings: readonly RiskFinding[]): RiskLevel {
  return LEVELS[Math.max(0, ...findings.map(({ level }) => LEVELS.indexOf(level)))]!
}
