import { Failure } from '../../../core/errors.ts'
import type { Mailbox } from '../../../core/mailboxes/model.ts'
import { MAX_RECIPIENTS } from '../../../core/outbound/draft.ts'
import { checkRecipient, isOwnAddress, submitRaw } from '../../../core/outbound/submit-raw.ts'
import type { SmtpReply } from '../../../protocol/smtp/reply.ts'
import { Refusal, reply } from '../refusal.ts'
import type { Sender } from '../service.ts'
import type { Session } from '../session.ts'
import type { Spool } from '../spool.ts'
import type { Transaction } from '../transaction.ts'

/** A mail that its writer hands in to be sent. */
export class OutgoingTransaction implements Transaction {
  readonly utf8: boolean
  readonly maxRecipients = MAX_RECIPIENTS
  accepted = 0
  readonly #session: Session
  readonly #mailbox: Mailbox
  readonly #recipients = new Set<string>()

  constructor(session: Session, mailbox: Mailbox, utf8: boolean) {
    this.#session = session
    this.#mailbox = mailbox
    this.utf8 = utf8
  }

  static open(session: Session, mailbox: Mailbox, { mailFrom, utf8 }: Sender): OutgoingTransaction {
    if (isOwnAddress(mailbox, mailFrom)) return new OutgoingTransaction(session, mailbox, utf8)
    throw new Refusal(553, '5.7.1', `You may send as ${mailbox.address} only`)
  }

  async add(address: string): Promise<void> {
    await inOurWords(() => checkRecipient(this.#session.app, this.#mailbox, address))
    this.#recipients.add(address)
    this.accepted++
  }

  async finish(spool: Spool): Promise<SmtpReply> {
    const { raw } = await spool.read()
    const { app } = this.#session
    const { messageId } = await inOurWords(() =>
      submitRaw(app, this.#mailbox, { raw, recipients: [...this.#recipients] }),
    )
    app.log.debug({ messageId, recipients: this.#recipients.size }, 'a mail was handed in over SMTP')
    return reply(250, '2.0.0', `Ok: queued as ${messageId}`)
  }
}

/** Whoever wrote the mail can do something about these, so they hear why. */
const told: Partial<Record<Failure['code'], [code: number, enhancedCode: string]>> = {
  // Somebody else's name in From.
  forbidden: [553, '5.7.1'],
  rejected: [550, '5.7.1'],
  domain_not_verified: [550, '5.7.1'],
  invalid: [554, '5.6.0'],
}

async function inOurWords<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    const codes = error instanceof Failure && told[error.code]
    throw codes ? new Refusal(...codes, error.message.replace(/[^\x20-\x7e]/g, '?')) : error
  }
}
