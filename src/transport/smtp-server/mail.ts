import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { readEnvelopeArgument, refuseUnannouncedUtf8 } from './envelope-argument.ts'
import { badArgument, badSequence, Refusal, reply } from './refusal.ts'
import type { Session } from './session.ts'

/** MAIL FROM (RFC 5321 §4.1.1.2), with SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531). */
export async function mail(session: Session, argument: string): Promise<SmtpReply> {
  if (session.helo === null) throw badSequence('Say EHLO first')
  if (session.transaction) throw badSequence('A mail transaction is open already')
  const { path, parameters } = readEnvelopeArgument('FROM', argument)
  // RFC 5321 §4.1.1.3 lets this one mailbox go without a domain in RCPT; §4.1.1.2 does not.
  if (path.domain === null && path.address !== '') throw new Refusal(501, '5.1.7', 'A sender needs a domain')
  const utf8 = parameters.has('SMTPUTF8')
  const declaredBytes = checkParameters(session, parameters)
  refuseUnannouncedUtf8(path.address, utf8)
  session.transaction = await session.service.begin(session, { mailFrom: path.address, utf8, declaredBytes })
  return reply(250, '2.1.0', 'Sender ok')
}

/** The size that the client announces. */
function checkParameters({ app, service }: Session, parameters: Map<string, string | null>): number {
  let declared = 0
  for (const [name, value] of parameters) {
    if (name === 'SIZE') declared = checkSize(value, service.maxMessageBytes(app.settings))
    else if (name === 'BODY') checkBody(value)
    else if (service.mailParameters.includes(name)) continue
    else if (name !== 'SMTPUTF8') throw new Refusal(555, '5.5.4', `The parameter ${name} is not known here`)
    else if (value !== null) throw badArgument('SMTPUTF8 takes no value')
  }
  return declared
}

function checkSize(value: string | null, maxBytes: number): number {
  if (value === null || !/^\d{1,20}$/.test(value)) throw badArgument('SIZE is a number')
  if (Number(value) > maxBytes) throw new Refusal(552, '5.3.4', `The limit is ${maxBytes} bytes`)
  return Number(value)
}

function checkBody(value: string | null): void {
  if (!/^(7BIT|8BITMIME)$/i.test(value ?? '')) throw badArgument('BODY is 7BIT or 8BITMIME')
}
