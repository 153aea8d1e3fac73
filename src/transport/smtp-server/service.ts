import type { Settings } from '../../core/app.ts'
import type { Command } from './commands.ts'
import type { Session } from './session.ts'
import type { Transaction } from './transaction.ts'

/** What stands in MAIL. */
export interface Sender {
  /** Empty for the null sender. */
  mailFrom: string
  /** Addresses and header fields may be UTF-8 (RFC 6531). */
  utf8: boolean
  /** What SIZE announces (RFC 1870); 0 when it says nothing. */
  declaredBytes: number
}

/** What a listener is there for: taking mail in, or sending the mail of those who log in. */
export interface Service {
  commands: ReadonlyMap<string, Command>
  /** The extensions that only this service offers, for the reply to EHLO. */
  offers(session: Session): string[]
  /** The largest message that it takes. */
  maxMessageBytes(settings: Settings): number
  /** Parameters of MAIL that it takes beside those of every service. What they say is passed over. */
  mailParameters: readonly string[]
  /** Opens a transaction at MAIL, or throws what is wrong with the sender. */
  begin(session: Session, sender: Sender): Transaction | Promise<Transaction>
}
