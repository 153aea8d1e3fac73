import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { badArgument, badSequence, reply } from './refusal.ts'
import type { Session } from './session.ts'

/** STARTTLS (RFC 3207). All that was said before it, and all that was sent behind it in the clear, is forgotten. */
export async function starttls(session: Session, argument: string): Promise<SmtpReply | null> {
  if (argument !== '') throw badArgument('STARTTLS takes no argument')
  if (session.tls !== null) throw badSequence('This connection is encrypted already')
  await session.encrypt(reply(220, '2.0.0', 'Ready to start TLS'))
  return null
}
