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
export function deriveNewWords(mail: Omit<MailText, 'subject'>): NewWords {
  return summary(newBodies(mail))
}

/**
 * All that is derived from the words of a mail. Links are those of the whole mail, as a footer or a quote may hold the one that is
 * waited for; codes are those of the new words, for a quoted one was used already.
 */
export function deriveReading({ subject, text, html }: MailText): Reading {
  const bodies = newBodies({ text, html })
  return {
    ...summary(bodies),
    codes: codesOf(subject, [bodies.text, bodies.htmlText]),
    links: findLinks(text ?? '', html),
  }
}

interface Bodies {
  text: string | null
  html: string | null
  htmlText: string | null
}

function newBodies({ text, html }: Omit<MailText, 'subject'>): Bodies {
  const newHtml = html === null || html.trim() === '' ? null : extractReplyHtml(html)
  return { text: wordsOf(text), html: newHtml, htmlText: newHtml === null ? null : wordsOf(htmlToText(newHtml)) }
}

function summary({ text, html, htmlText }: Bodies): NewWords {
  const extractedText = text ?? htmlText
  return {
    extractedText,
    extractedHtml: html,
    preview: extractedText === null ? null : previewOf(extractedText),
  }
}

function wordsOf(text: string | null): string | null {
  return text === null || previewOf(text) === null ? null : extractReply(text)
}

// Some mails say in their text part only that they are to be read as HTML.
function codesOf(subject: string | null, bodies: readonly (string | null)[]): FoundCode[] {
  for (const body of bodies) {
    const codes = body === null ? [] : findCodes(subject, body)
    if (codes.length > 0) return codes
  }
  return findCodes(subject, '')
}
