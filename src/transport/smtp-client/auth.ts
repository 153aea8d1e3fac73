import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { replyText } from '../../protocol/smtp/reply-reader.ts'
import type { SmtpConnection } from './smtp-connection.ts'
import { SmtpError } from './smtp-error.ts'

export interface Login {
  user: string
  password: string
}

/** RFC 5321 §4.5.3.1.4, without the line end. */
const MAX_LINE = 510

type Session = Pick<SmtpConnection, 'command' | 'extensions'>

/** Signs in (RFC 4954) by PLAIN (RFC 4616), or by LOGIN where only that is offered. Throws `SmtpError`. */
export async function signIn(session: Session, { user, password }: Login): Promise<void> {
  const { auth } = session.extensions
  if (auth.includes('PLAIN')) return plain(session, base64(`\0${user}\0${password}`))
  if (auth.includes('LOGIN')) return exchange(session, 'AUTH LOGIN', [base64(user), base64(password)])
  const offered = auth.length > 0 ? `only ${auth.join(', ')}` : 'no AUTH at all'
  throw new SmtpError('untrusted', 'AUTH', `The server takes neither PLAIN nor LOGIN to sign in: it offers ${offered}`)
}

// What is sent along saves a round trip, where the line is long enough for it (RFC 4954 §4).
function plain(session: Session, response: string): Promise<void> {
  const line = `AUTH PLAIN ${response}`
  return line.length <= MAX_LINE ? exchange(session, line, []) : exchange(session, 'AUTH PLAIN', [response])
}

async function exchange(session: Session, first: string, responses: string[]): Promise<void> {
  let reply = await session.command(first, 'AUTH')
  for (const response of responses) {
    if (reply.code !== 334) throw refusal(reply)
    reply = await session.command(response, 'AUTH')
  }
  if (reply.code !== 235) throw refusal(reply)
}

function refusal(reply: SmtpReply): SmtpError {
  if (reply.code < 400) return new SmtpError('protocol', 'AUTH', `The server answered ${reply.code} to AUTH`)
  return new SmtpError('refused', 'AUTH', replyText(reply), reply)
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
