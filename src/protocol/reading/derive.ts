import { type FoundCode, findCodes } from './codes.ts'
import { htmlToText } from './html-text.ts'
import { type FoundLink, findLinks } from './links.ts'
import { previewOf } from './preview.ts'
import { extractReply } from './reply.ts'
import { extractReplyHtml } from './reply-html.ts'

export interface MailText {
  subject: string | null
  text: string | null
  html: string | null
}

export interface NewWords {
  /** The new words; null only when the mail has none. */
  extractedText: string | null
  extractedHtml: string | null
  preview: string | null
}

export interface Reading extends NewWords {
  codes: FoundCode[]
  links: FoundLink[]
}

/** What is new in a mail: needed of every mail, while it is filed. */
export function deriveNewWords({ text, html }: Omit<MailText, 'subject'>): NewWords {
  const extractedHtml = newHtmlOf(html)
  // HTML is read as text only where there is no text.
  return summary(wordsOf(text) ?? wordsOfHtml(extractedHtml), extractedHtml)
}

/**
 * All that is derived from the words of a mail. Links are those of the whole mail, as a footer or a quote may hold the one that is
 * waited for; codes are those of the new words, for a quoted one was used already.
 */
export function deriveReading({ subject, text, html }: MailText): Reading {
  const extractedHtml = newHtmlOf(html)
  const bodies = [wordsOf(text), wordsOfHtml(extractedHtml)]
  return {
    ...summary(bodies[0] ?? bodies[1] ?? null, extractedHtml),
    codes: codesOf(subject, bodies),
    links: findLinks(text ?? '', html),
  }
}

function newHtmlOf(html: string | null): string | null {
  return html === null || html.trim() === '' ? null : extractReplyHtml(html)
}

function wordsOfHtml(newHtml: string | null): string | null {
  return newHtml === null ? null : wordsOf(htmlToText(newHtml))
}

function wordsOf(text: string | null): string | null {
  return text === null || !hasWords(text) ? null : extractReply(text)
}

// The preview decides what counts as a word; a letter of ours is one for certain.
function hasWords(text: string): boolean {
  return /[A-Za-z0-9]/.test(text) || previewOf(text) !== null
}

function summary(extractedText: string | null, extractedHtml: string | null): NewWords {
  return { extractedText, extractedHtml, preview: extractedText === null ? null : previewOf(extractedText) }
}

// Some mails say in their text part only that they are to be read as HTML.
function codesOf(subject: string | null, bodies: readonly (string | null)[]): FoundCode[] {
  for (const body of bodies) {
    const codes = body === null ? [] : findCodes(subject, body)
    if (codes.length > 0) return codes
  }
  return findCodes(subject, '')
}
