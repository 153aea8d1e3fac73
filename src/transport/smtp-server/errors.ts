import type { App } from '../../core/app.ts'
import { Failure } from '../../core/errors.ts'
import { smtpCodes } from '../../core/smtp-codes.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { Refusal, reply } from './refusal.ts'

/** The reply to whatever a command threw. What is no refusal is a bug or an outage: logged, and the client keeps the mail. */
export function toReply(app: App, error: unknown, context: object): SmtpReply {
  if (error instanceof Refusal) return error.reply
  if (error instanceof ParseError) return reply(501, '5.5.2', error.message)
  if (error instanceof Failure) {
    if (error.code === 'unavailable') app.log.warn({ ...context, err: error }, 'a mail could not be taken')
    return reply(...smtpCodes[error.code])
  }
  app.log.error({ ...context, err: error }, 'a command of an SMTP client failed')
  return reply(...smtpCodes.unavailable)
}
