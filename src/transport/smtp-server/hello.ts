import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { badArgument, reply } from './refusal.ts'
import type { Session } from './session.ts'

/** EHLO (RFC 5321 §4.1.1.1). Its reply, like the greeting, has no enhanced code (RFC 2034 §3). */
export function ehlo(session: Session, argument: string): SmtpReply {
  begin(session, argument)
  const { settings } = session.app
  return reply(
    250,
    null,
    settings.mailHost,
    'PIPELINING',
    `SIZE ${session.service.maxMessageBytes(settings)}`,
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    ...(session.tls === null ? ['STARTTLS'] : []),
    ...session.service.offers(session),
    'HELP',
  )
}

export function helo(session: Session, argument: string): SmtpReply {
  begin(session, argument)
  return reply(250, null, session.app.settings.mailHost)
}

// Clients call themselves anything, and RFC 5321 §4.1.4 forbids to refuse them for it.
function begin(session: Session, name: string): void {
  if (name === '' || name.length > 255) throw badArgument('Say who you are')
  session.helo = name
  session.transaction = null
}
