import { type FoundCode, findCodes } from './codes.ts'
import { type HtmlReading, readHtml } from './html-reading.ts'
import { htmlToText } from './html-text.ts'
import { type FoundLink, findLinks } from './links.ts'
import { previewOf } from './preview.ts'
import { extractReply } from './reply.ts'
import { extractReplyHtml } from './reply-html.ts'
import { findRisk, type Risk } from './risk.ts'

export interface MailText {
  subject: string | null
  text: string | null
  html: string | null
  /** The domain of the author, in lower case. */
  senderDomain: string | null
  /** It went to many and says how to leave the list. */
  isBulk: boolean
}

export interface Reading {
  /** The new words; null only when the mail has none. */
  extractedText: string | null
  extractedHtml: string | null
  preview: string | null
  codes: FoundCode[]
  links: FoundLink[]
  risk: Risk
}

/**
 * All that is derived from the words of a mail, once, while it is filed. Links are those of the whole mail, as a footer or a quote may
 * hold the one that is waited for; codes are those of the new words, for a quoted one was used already. The risk is that of all words.
 */
export function deriveReading({ subject, text, html, senderDomain, isBulk }: MailText): Reading {
  const extractedHtml = newHtmlOf(html)
  const newText = wordsOf(text)
  // HTML is read as text only where there is no text, or where it may hold a code that the text does not.
  const extractedText = newText ?? wordsOfHtml(extractedHtml)
  const read = html === null || html === '' ? null : readHtml(html)
  return {
    extractedText,
    extractedHtml,
    preview: extractedText === null ? null : previewOf(extractedText),
    codes: codesOf(subject, extractedText ?? '', newText === null ? null : read, extractedHtml),
    links: findLinks(text ?? '', read?.anchors ?? []),
    risk: findRisk({ subject, text, html: read, senderDomain, isBulk }),
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

// Some mails say in their text part only that they are to be read as HTML.
function codesOf(
  subject: string | null,
  words: string,
  unread: HtmlReading | null,
  extractedHtml: string | null,
): FoundCode[] {
  const codes = findCodes(subject, words)
  if (unread === null || codes.length > 0 || !COULD_BE_CODE.test(unread.shown)) return codes
  return findCodes(subject, wordsOfHtml(extractedHtml) ?? '')
}

/** Four digits, or digits apart from each other, or capitals: what every code has. */
const COULD_BE_CODE = /\d{3}|\d[- \n]{1,3}\d|[A-Z]{5}|[A-Za-z]\d|\d[A-Za-z]/
