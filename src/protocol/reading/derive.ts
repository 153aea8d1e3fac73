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

export interface Reading {
  /** The new words; null only when the mail has none. */
  extractedText: string | null
  extractedHtml: string | null
  preview: string | null
  codes: FoundCode[]
  links: FoundLink[]
}

/**
 * All that is derived from the words of a mail, once, while it is filed. Links are those of the whole mail, as a footer or a quote
 * may hold the one that is waited for; codes are those of the new words, for a quoted one was used already.
 */
export function deriveReading({ subject, text, html }: MailText): Reading {
  const extractedHtml = html === null || html.trim() === '' ? null : extractReplyHtml(html)
  const newText = wordsOf(text)
  const newHtmlText = extractedHtml === null ? null : wordsOf(htmlToText(extractedHtml))
  const extractedText = newText ?? newHtmlText
  return {
    extractedText,
    extractedHtml,
    preview: extractedText === null ? null : previewOf(extractedText),
    codes: codesOf(subject, [newText, newHtmlText]),
    links: findLinks(text ?? '', html),
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
