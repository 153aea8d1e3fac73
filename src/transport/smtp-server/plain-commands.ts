import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { badArgument, Refusal, reply } from './refusal.ts'
import type { Session } from './session.ts'

export function noop(): SmtpReply {
  return reply(250, '2.0.0', 'Ok')
}

export function rset(session: Session, argument: string): SmtpReply {
  if (argument !== '') throw badArgument('RSET takes no argument')
  session.transaction = null
  return reply(250, '2.0.0', 'Ok')
}

export function help(): SmtpReply {
  return reply(214, '2.0.0', 'EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP STARTTLS QUIT', 'See RFC 5321')
}

// RFC 5321 §7.3: who has a mailbox here is told to nobody, except at RCPT.
export function vrfy(_session: Session, argument: string): SmtpReply {
  if (argument === '') throw badArgument('VRFY takes an address')
  return reply(252, '2.5.0', 'Send some mail and see')
}

export function notHere(): SmtpReply {
  throw new Refusal(502, '5.5.1', 'This command is not implemented')
}

export async function quit(session: Session): Promise<SmtpReply> {
  session.ending = true
  return reply(221, '2.0.0', 'Bye')
}
