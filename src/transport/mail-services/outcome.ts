import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'

/** What a service said over HTTP, or why it could not be asked. */
export type Outcome = Pick<RecipientReply, 'result' | 'text' | 'retryAfterSeconds'>

const MAX_TEXT = 1000

/** The same for all recipients: a service takes a mail for all of them or for none. */
export function toReplies(host: string, recipients: Consignment['recipients'], outcome: Outcome): RecipientReply[] {
  // Its codes are HTTP's, not SMTP's: they stay in the text.
  const said = { ...outcome, text: oneLine(outcome.text), host, replyCode: null, enhancedCode: null }
  return recipients.map((recipient) => ({ recipient, ...said }))
}

/** A refusal by its HTTP status; `aboutUs` are the error names that speak of our account and not of the mail. */
export function refusal(
  status: number,
  name: string,
  message: string,
  { aboutUs, retryAfter }: { aboutUs: ReadonlySet<string>; retryAfter: string | null | undefined },
): Outcome {
  const temporary = status === 429 || status >= 500 || status === 408 || aboutUs.has(name)
  const text = `HTTP ${status} ${name}: ${message}`
  if (!temporary) return { result: 'permanent', text }
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined
  return { result: 'temporary', text, ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) }
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT)
    .toWellFormed()
}
