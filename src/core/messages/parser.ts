import type { FoundCode } from '../../protocol/reading/codes.ts'
import type { FoundLink } from '../../protocol/reading/links.ts'
import type { Risk } from '../../protocol/reading/risk.ts'
import type { Defect, MailboxAddress, Part } from './model.ts'

/** What a mail says, read once while it is filed. */
export interface ParsedMail {
  /** All fields in order, decoded. */
  headers: { name: string; value: string }[]
  messageId: string | null
  inReplyTo: string[]
  references: string[]
  subject: string | null
  sentAt: number | null
  from: MailboxAddress[]
  replyTo: MailboxAddress[]
  to: MailboxAddress[]
  cc: MailboxAddress[]
  text: string | null
  html: string | null
  extractedText: string | null
  extractedHtml: string | null
  preview: string | null
  codes: FoundCode[]
  links: FoundLink[]
  risk: Risk | null
  attachments: Omit<Part, 'id'>[]
  defects: Defect[]
}

/**
 * Reads any bytes as a mail, in bounded time and memory, off the main thread. It never refuses: what cannot be understood in time
 * comes back with its head only and a `parse-…` defect, and stays readable as raw.
 */
export interface MailParser {
  parse(bytes: Uint8Array): Promise<ParsedMail>
  /** A mail is on its way: whatever must be started for it can be started now. */
  expect?(): void
}
