import { formatAddress } from '../../protocol/address/format-address.ts'
import { mentionsOf } from './mentions.ts'
import type { Message, MessageContent } from './model.ts'

const MAX_TEXT = 100_000
const MAX_FRAGMENTS = 3
/** What stands around a hit. */
const AROUND = 60

/** Where the words of a query are in a message, each hit between two `**`; only fields that have one. */
export interface Highlights {
  from?: string[]
  recipients?: string[]
  subject?: string[]
  text?: string[]
}

export function highlight(query: string, message: Message, content: MessageContent | undefined): Highlights {
  const words = wordsOf(query)
  const anywhere = anywhereOf(query, words)
  if (!anywhere) return {}
  const marked = (values: readonly string[]) =>
    values.filter((v) => v.search(anywhere) >= 0).map((v) => mark(v, anywhere))
  const text = (content?.extractedText ?? content?.text ?? '').slice(0, MAX_TEXT)
  const fields = {
    from: marked(message.from.map(formatAddress)),
    recipients: marked([...message.to, ...message.cc, ...message.bcc].map(formatAddress)),
    subject: marked(message.subject === null ? [] : [message.subject]),
    text: words ? fragments(text, words) : [],
  }
  return Object.fromEntries(Object.entries(fields).filter(([, hits]) => hits.length > 0))
}

/** Words that begin with one of the query's; undefined when it has none. */
function wordsOf(query: string): RegExp | undefined {
  const words = query.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
  return words.length > 0 ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join('|')})[\\p{L}\\p{N}]*`, 'giu') : undefined
}

/** The same, and its texts wherever they stand. */
function anywhereOf(query: string, words: RegExp | undefined): RegExp | undefined {
  const texts = mentionsOf(query).map((text) => RegExp.escape(text))
  const all = [...(words ? [words.source] : []), ...texts]
  return all.length > 0 ? new RegExp(all.join('|'), 'giu') : undefined
}

function mark(text: string, words: RegExp): string {
  return text.replace(words, (hit) => `**${hit}**`)
}

function fragments(text: string, words: RegExp): string[] {
  const found: string[] = []
  let end = 0
  for (const hit of text.matchAll(words)) {
    if (hit.index < end) continue
    if (found.length === MAX_FRAGMENTS) break
    end = hit.index + hit[0].length + AROUND
    const around = text
      .slice(Math.max(0, hit.index - AROUND), end)
      .replace(/\s+/g, ' ')
      .trim()
    found.push(mark(around.toWellFormed(), words))
  }
  return found
}
