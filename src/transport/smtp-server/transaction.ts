import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import type { Spool } from './spool.ts'

/** One mail from MAIL to the end of DATA (RFC 5321 §3.3). */
export interface Transaction {
  readonly utf8: boolean
  /** RCPT commands that were accepted. */
  readonly accepted: number
  /** How many of them there may be. */
  readonly maxRecipients: number
  /** Takes a recipient, or throws what is wrong with it. */
  add(address: string): Promise<void>
  /** Does with the whole message what the service is there for. */
  finish(spool: Spool): Promise<SmtpReply>
}
