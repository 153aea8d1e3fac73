import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { replyText } from '../../protocol/smtp/reply-reader.ts'
import type { SmtpError, SmtpStage } from './smtp-error.ts'

/** What one server said of one recipient, or why it could not. */
export interface Answer extends Omit<RecipientReply, 'recipient' | 'result'> {
  result: 'accepted' | 'temporary' | 'permanent' | 'untried'
  /** True when another server must not be asked in the same attempt: this one may have taken the message. */
  last?: boolean
}

/** A refusal in the server's own words. Anything but a clear no is temporary. */
export function refusedBy(host: string, reply: SmtpReply, stage: SmtpStage): Answer {
  const { code, enhancedCode } = reply
  return {
    result: isPermanent(reply, stage) ? 'permanent' : 'temporary',
    host,
    replyCode: code,
    enhancedCode,
    text: replyText(reply),
  }
}

// RFC 5321 §4.5.3.1.10: old servers answer 552 to one recipient too many, which is to be taken as 452.
function isPermanent({ code, enhancedCode }: SmtpReply, stage: SmtpStage): boolean {
  const tooMany = stage === 'RCPT' && code === 552 && (enhancedCode === null || enhancedCode === '5.5.3')
  return code >= 500 && !tooMany
}

/** What we know to be refused without asking. */
export function refusedHere(host: string | null, replyCode: number, enhancedCode: string, text: string): Answer {
  return { result: replyCode >= 500 ? 'permanent' : 'temporary', host, replyCode, enhancedCode, text }
}

/** A session that broke, for everybody who had no answer yet. */
export function brokenBy(host: string, error: SmtpError): Answer {
  const { kind, stage, reply, enhancedCode, message } = error
  const told = { result: 'temporary', host, replyCode: reply?.code ?? null, enhancedCode } as const
  if (stage === 'end of data' && !reply) {
    const text = `Connection lost after end of data: the message may have been taken (${message})`
    return { ...told, text, last: true }
  }
  return { ...told, text: reply || kind === 'untrusted' ? message : `${message} (${stage})` }
}

/** Nobody was asked, for a reason of ours; there may be room again after this time. */
export function untried(answer: Answer, retryAfterSeconds: number): Answer {
  return { ...answer, result: 'untried', retryAfterSeconds }
}

/** The same for all recipients. */
export function all({ recipients }: Consignment, answer: Answer): Map<string, Answer> {
  return new Map(recipients.map((recipient) => [recipient, answer]))
}

/** Answers as the product knows them; `yes` is what it means that a server of this kind has taken a message. */
export function toReplies(
  { recipients }: Consignment,
  answers: ReadonlyMap<string, Answer>,
  yes: 'sent' | 'delivered',
): RecipientReply[] {
  return recipients.map((recipient) => {
    const { last, result, ...answer } = answers.get(recipient) ?? noAnswer
    return { recipient, result: result === 'accepted' ? yes : result, ...answer }
  })
}

const noAnswer = refusedHere(null, 451, '4.4.1', 'No answer')
