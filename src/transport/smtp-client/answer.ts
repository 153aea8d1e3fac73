import type { RecipientReply } from '../../core/outbound/mail-sender.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { replyText } from '../../protocol/smtp/reply-reader.ts'
import type { SmtpError } from './smtp-error.ts'

/** What one server said of one recipient, or why it could not. */
export interface Answer extends Omit<RecipientReply, 'recipient' | 'result'> {
  result: 'accepted' | 'temporary' | 'permanent'
  /** True when another server must not be asked in the same attempt: this one may have taken the message. */
  last?: boolean
}

/** A refusal in the server's own words. Anything but a clear no is temporary. */
export function refusedBy(host: string, reply: SmtpReply): Answer {
  const { code, enhancedCode } = reply
  return {
    result: isPermanent(reply) ? 'permanent' : 'temporary',
    host,
    replyCode: code,
    enhancedCode,
    text: replyText(reply),
  }
}

// RFC 5321 §4.5.3.1.10: a server that means "too many recipients" must be asked again, also one that says so with 552.
function isPermanent({ code, enhancedCode }: SmtpReply): boolean {
  return code >= 500 && !(code === 552 && enhancedCode === '5.5.3')
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
