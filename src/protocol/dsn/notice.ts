import { findField, type HeaderField, readHead } from '../mime/header-fields.ts'
import { type Section, sectionText } from './sections.ts'

/** What a report says to its reader, and the message it speaks of. */
export interface Notice {
  /** Text before the original message. */
  text: string
  /** The head of the original message as it stands in the report. */
  originalHead: string | null
}

const MAX_TEXT = 64 * 1024
const ORIGINAL = new Set([
  'message/rfc822',
  'message/global',
  'text/rfc822-headers',
  'message/global-headers',
  'text/rfc822',
])
const STATUS = new Set(['message/delivery-status', 'message/global-delivery-status', 'message/feedback-report'])

/** Reads the human side of a report. Notices in plain text carry the original below a line that says so. */
export function readNotice(sections: readonly Section[]): Notice {
  const carried = sections.find((s) => ORIGINAL.has(s.type))
  const readable = beforeOriginal(sections).filter((s) => s.type.startsWith('text/') && !ORIGINAL.has(s.type))
  const plain = readable.some((s) => s.type === 'text/plain' && sectionText(s).trim() !== '')
  const whole = readable
    .filter((s) => !plain || s.type !== 'text/html')
    .map(sectionText)
    .join('\n')
  const { text, rest } = splitAtOriginal(whole)
  const originalHead = carried ? headOf(sectionText({ ...carried, type: 'text/plain' })) : rest && headOf(rest)
  return { text: text.slice(0, MAX_TEXT), originalHead: originalHead || bareOriginal(sections) }
}

// Some put the original behind a boundary as it is, so that its head becomes the head of the part.
function bareOriginal(sections: readonly Section[]): string | null {
  const bare = sections.slice(1).find((s) => findField(s.fields, 'message-id') && findField(s.fields, 'from'))
  const raw = bare?.fields.map((f) => f.raw.replace(/\r\n?/g, '\n')).join('')
  return raw ? Buffer.from(raw.slice(0, MAX_HEAD), 'latin1').toString('utf8') : null
}

function beforeOriginal(sections: readonly Section[]): readonly Section[] {
  const at = sections.findIndex((s) => ORIGINAL.has(s.type))
  return at < 0 ? sections : sections.slice(0, at)
}

/** The section that machines read, when there is one. */
export function statusSections(sections: readonly Section[]): Section[] {
  return sections.filter((s) => STATUS.has(s.type))
}

const MARKERS = [
  /^[\s>*=-]{0,60}(?:below this line is|below is|this is|here is|enclosed is|included is|following is)? ?(?:a |the )?(?:copy|header)s? of (?:the|your) (?:original |undelivered )?(?:message|mail|header)/i,
  /^[\s>*=-]{0,60}(?:the )?header of the original message/i,
  /^[\s>*=-]{0,60}below this line is a copy/i,
  /^[\s>*=-]{0,60}(?:below|included|enclosed) is a copy/i,
  /^[\s>*=#-]{0,60}(?:original|unsent|returned|undelivered|rejected) (?:message|mail)(?: (?:headers?|info|text))?\b ?(?:follows|as follows|below)?[\s:.=-]{0,60}$/i,
  /^[\s>*=-]{0,60}(?:the )?(?:original )?message headers? follows?/i,
  /^[\s>*=-]{0,60}(?:the )?original (?:message|mail) (?:is )?(?:as )?(?:follows|attached|below)/i,
]

function splitAtOriginal(text: string): { text: string; rest: string | null } {
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const marked = line.length < 160 && MARKERS.some((m) => m.test(line))
    if (marked && i > 0) return cut(lines, i, i + 1)
    if (beginsHead(lines, i)) return cut(lines, i, i)
  }
  return { text, rest: null }
}

function cut(lines: string[], end: number, from: number): { text: string; rest: string } {
  return { text: lines.slice(0, end).join('\n'), rest: lines.slice(from).join('\n') }
}

const HEAD_LINE =
  /^(?:return-path|received|message-id|from|to|cc|subject|date|mime-version|content-type|dkim-signature|reply-to|authentication-results|x-[\w-]{2,40}): ?/i

// Three known fields in a row at the margin are a head, whatever stood before.
function beginsHead(lines: string[], at: number): boolean {
  if (!HEAD_LINE.test(lines[at] ?? '')) return false
  let fields = 1
  for (let i = at + 1; i < Math.min(lines.length, at + 12) && fields < 3; i++) {
    const line = lines[i] ?? ''
    if (/^[ \t]+\S/.test(line)) continue
    if (!HEAD_LINE.test(line)) return false
    fields++
  }
  return fields >= 3
}

const MAX_HEAD = 32 * 1024

function headOf(text: string): string | null {
  const lines = text.slice(0, MAX_HEAD).split('\n')
  let start = 0
  while (start < lines.length && !/^[\s>]{0,8}[!-9;-~]{1,76}:/.test(lines[start] ?? '')) start++
  let end = start
  while (end < lines.length && (lines[end] ?? '').trim() !== '') end++
  const indent = /^[\s>]*/.exec(lines[start] ?? '')?.[0].length ?? 0
  const head = lines.slice(start, end).map((line) => (indent > 0 ? line.slice(indent) : line))
  return head.length > 0 ? `${head.join('\n')}\n` : null
}

export function headFields(head: string | null): HeaderField[] {
  return head === null ? [] : readHead(Buffer.from(head, 'utf8'), 0, undefined, 500).fields
}
