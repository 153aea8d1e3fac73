import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { readEnvelopeArgument, refuseUnannouncedUtf8 } from './envelope-argument.ts'
import { badSequence, Refusal, reply } from './refusal.ts'
import type { Session } from './session.ts'

/** RCPT TO (RFC 5321 §4.1.1.3). What can be refused is refused here, so that nothing needs a bounce later. */
export async function rcpt(session: Session, argument: string): Promise<SmtpReply> {
  const { transaction, app } = session
  if (!transaction) throw badSequence('Say MAIL first')
  const { path, parameters } = readEnvelopeArgument('TO', argument)
  for (const name of parameters.keys()) throw new Refusal(555, '5.5.4', `The parameter ${name} is not known here`)
  if (path.address === '') throw new Refusal(501, '5.1.3', 'A recipient needs an address')
  refuseUnannouncedUtf8(path.address, transaction.utf8)
  // RFC 5321 §4.5.3.1.10: 452, not 552, so the client keeps the recipients we already took.
  if (transaction.accepted >= transaction.maxRecipients) throw new Refusal(452, '4.5.3', 'Too many recipients')
  // RFC 5321 §4.5.1: postmaster without a domain is the one of this server.
  const address = path.domain === null ? `${path.address}@${app.settings.mailDomain}` : path.address
  await transaction.add(address)
  session.patience.recipientTaken()
  return reply(250, '2.1.5', 'Recipient ok')
}
