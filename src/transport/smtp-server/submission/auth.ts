import { isUtf8 } from 'node:buffer'
import type { Credentials } from '../../../core/submission/login.ts'
import type { SmtpReply } from '../../../protocol/smtp/reply.ts'
import { badArgument, badSequence, Refusal, reply } from '../refusal.ts'
import type { Session } from '../session.ts'
import type { LogInGate } from './log-in-gate.ts'

type Mechanism = (session: Session, initial: string | undefined) => Promise<Credentials>

/** What can be said behind AUTH. Both are as good as the encryption under them. */
const mechanisms = new Map<string, Mechanism>([
  ['PLAIN', plain],
  ['LOGIN', login],
])

export const mechanismNames = [...mechanisms.keys()]

export const needsTls = () => new Refusal(530, '5.7.0', 'Say STARTTLS first')
const wrong = () => new Refusal(535, '5.7.8', 'User name or password is wrong')

/** AUTH (RFC 4954), in an encrypted connection only. */
export async function auth(gate: LogInGate, session: Session, argument: string): Promise<SmtpReply> {
  if (session.tls === null) throw needsTls()
  if (session.helo === null) throw badSequence('Say EHLO first')
  if (session.login) throw badSequence('You are logged in already')
  if (session.transaction) throw badSequence('A mail transaction is open')
  const [name = '', initial, ...more] = argument.split(/[ \t]+/)
  const mechanism = mechanisms.get(name.toUpperCase())
  if (!mechanism) throw new Refusal(504, '5.5.4', `Use AUTH ${mechanismNames.join(' or AUTH ')}`)
  if (more.length > 0) throw badArgument('AUTH takes a mechanism and one response')
  const login = await gate.logIn(session, await mechanism(session, initial))
  if (!login) throw wrong()
  session.login = login
  return reply(235, '2.7.0', 'Welcome')
}

/** RFC 4616: who it is for (nobody else, here), who it is, and the password, with a null byte between them. */
async function plain(session: Session, initial: string | undefined): Promise<Credentials> {
  const [authzid, username, password, ...more] = (await respond(session, initial, '')).split('\0')
  if (authzid === undefined || !username || password === undefined || more.length > 0) {
    throw badArgument('The response is not one of PLAIN')
  }
  if (authzid !== '' && authzid !== username) throw wrong()
  return { username, password }
}

/** Never a standard, but some clients know nothing else (draft-murchison-sasl-login). */
async function login(session: Session, initial: string | undefined): Promise<Credentials> {
  const username = await respond(session, initial, 'Username:')
  return { username, password: await respond(session, undefined, 'Password:') }
}

/** What the client says to a challenge, or has said already; `=` is a response without a byte (RFC 4954 §4). */
async function respond(session: Session, initial: string | undefined, challenge: string): Promise<string> {
  if (initial !== undefined) return decode(initial === '=' ? '' : initial)
  await session.send(reply(334, null, Buffer.from(challenge).toString('base64')))
  const line = (await session.readLine()).toString('latin1')
  if (line === '*') throw new Refusal(501, '5.7.0', 'Cancelled')
  return decode(line)
}

function decode(base64: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw badArgument('The response is not base64')
  }
  const bytes = Buffer.from(base64, 'base64')
  if (!isUtf8(bytes)) throw badArgument('The response is not UTF-8')
  return bytes.toString('utf8')
}
