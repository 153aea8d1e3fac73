import { commands } from '../commands.ts'
import { Refusal } from '../refusal.ts'
import type { Service } from '../service.ts'
import type { Session } from '../session.ts'
import { auth, mechanismNames, needsTls } from './auth.ts'
import { LogInGate } from './log-in-gate.ts'
import { OutgoingTransaction } from './outgoing-transaction.ts'

/** Sends the mail of those who log in (RFC 6409). One for each listener: it counts the failed logins of all its sessions. */
export function submission(): Service {
  const gate = new LogInGate()
  return {
    commands: new Map([...commands, ['AUTH', (session, argument) => auth(gate, session, argument)]]),
    // RFC 4954 §4: not where a password would go over the wire in the clear.
    offers: (session) => (session.tls === null ? [] : [`AUTH ${mechanismNames.join(' ')}`]),
    // RFC 4954 §5: who submitted it first. Whoever logs in here speaks for themselves only.
    mailParameters: ['AUTH'],
    maxMessageBytes: ({ usualMessageBytes }) => usualMessageBytes,
    begin: async (session, sender) => OutgoingTransaction.open(session, await loggedIn(session), sender),
  }
}

/** The mailbox that the client may send from, as it is now: a new password ends the sessions of the old one. */
async function loggedIn(session: Session) {
  if (session.tls === null) throw needsTls()
  if (!session.login) throw new Refusal(530, '5.7.0', 'Log in first')
  const mailbox = await session.login.confirm()
  if (mailbox) return mailbox
  session.login = null
  throw new Refusal(535, '5.7.8', 'This password is not valid any more')
}
