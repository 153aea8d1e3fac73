import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { data } from './data.ts'
import { ehlo, helo } from './hello.ts'
import { mail } from './mail.ts'
import { help, noop, notHere, quit, rset, vrfy } from './plain-commands.ts'
import { rcpt } from './rcpt.ts'
import type { Session } from './session.ts'
import { starttls } from './starttls.ts'

/** Null when the reply is out already. Throws for a refusal. */
export type Command = (session: Session, argument: string) => SmtpReply | null | Promise<SmtpReply | null>

/** What a client may say. */
export const commands = new Map<string, Command>([
  ['EHLO', ehlo],
  ['HELO', helo],
  ['STARTTLS', starttls],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', data],
  ['RSET', rset],
  ['NOOP', noop],
  ['VRFY', vrfy],
  ['HELP', help],
  ['QUIT', quit],
  ...['AUTH', 'BDAT', 'ETRN', 'EXPN', 'SAML', 'SEND', 'SOML', 'TURN'].map((verb): [string, Command] => [verb, notHere]),
])
