import { newId } from '../../core/ids.ts'
import type { Mailbox } from '../../core/mailboxes/model.ts'
import { refuseDeclaredSize } from '../../core/mailboxes/policy.ts'
import { resolveRecipient } from '../../core/mailboxes/resolve-recipient.ts'
import { judgeSender } from '../../core/messages/authenticate.ts'
import { expectMail } from '../../core/messages/expect-mail.ts'
import type { Copy, Filed } from '../../core/messages/file-inbound.ts'
import { receive } from '../../core/messages/receive.ts'
import { refusalOfAll } from '../../core/messages/refused.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import type { SpfResult } from '../../protocol/spf/check.ts'
import { commands } from './commands.ts'
import { reply } from './refusal.ts'
import type { Sender, Service } from './service.ts'
import type { Session } from './session.ts'
import type { Spool } from './spool.ts'
import type { Transaction } from './transaction.ts'

/** Takes mail in from other servers. It never relays and asks nobody who they are. */
export const inbound: Service = {
  commands,
  offers: () => [],
  maxMessageBytes: ({ maxMessageBytes }) => maxMessageBytes,
  mailParameters: [],
  begin: (session, sender) => new InboundTransaction(session, sender),
}

class InboundTransaction implements Transaction {
  readonly utf8: boolean
  readonly maxRecipients = 100
  accepted = 0
  readonly #session: Session
  readonly #mailFrom: string
  readonly #declaredBytes: number
  readonly #helo: string | null
  readonly #copies = new Map<string, Copy>()
  #judging: Promise<SpfResult> | undefined

  constructor(session: Session, { mailFrom, utf8, declaredBytes }: Sender) {
    this.#session = session
    this.#mailFrom = mailFrom
    this.#declaredBytes = declaredBytes
    this.#helo = session.helo
    this.utf8 = utf8
  }

  /**
   * Begun with the first recipient that is accepted, while the rest is on its way. Not before: MAIL and RSET in turn, without anybody
   * to write to, would make our resolver a hammer in a stranger's hand.
   */
  get #spf(): Promise<SpfResult> {
    const { app, remoteAddress } = this.#session
    this.#judging ??= judgeSender(app, { mailFrom: this.#mailFrom, helo: this.#helo, remoteAddress })
    return this.#judging
  }

  async add(address: string): Promise<void> {
    const mailbox = await resolveRecipient(this.#session.app, address)
    refuseDeclaredSize(this.#session.app, mailbox, this.#declaredBytes)
    this.#addCopy(mailbox, address)
    this.accepted++
    expectMail(this.#session.app)
    void this.#spf
  }

  // One copy for each mailbox, however many recipients lead to it.
  #addCopy(mailbox: Mailbox, recipient: string): void {
    const { id, orgId, projectId } = mailbox
    const known = this.#copies.get(id)
    if (!known) {
      this.#copies.set(id, { mailbox: { id, orgId, projectId }, rcptTo: [recipient] })
    } else if (!known.rcptTo.includes(recipient)) known.rcptTo.push(recipient)
  }

  async finish(spool: Spool): Promise<SmtpReply> {
    const { app, remoteAddress, tls } = this.#session
    const { raw, sha256 } = await spool.read()
    const envelope = { mailFrom: this.#mailFrom, helo: this.#helo, remoteAddress, tls }
    const copies = [...this.#copies.values()]
    return this.#toReply(await receive(app, { source: 'smtp', envelope, copies, raw, spf: this.#spf, sha256 }))
  }

  #toReply(filed: Filed[]): SmtpReply {
    const refusal = refusalOfAll(filed)
    if (refusal) throw refusal
    const stored = filed.find((f) => f.result === 'stored')
    this.#session.app.log.debug({ messageId: stored?.messageId, copies: filed.length }, 'a mail came in over SMTP')
    const repeated = filed.some((f) => f.result === 'duplicate')
    if (!stored && repeated) return reply(250, '2.0.0', 'Ok: the same mail is here already')
    // What a mailbox throws away looks as if it were kept.
    return reply(250, '2.0.0', `Ok: queued as ${stored?.messageId ?? newId()}`)
  }
}
