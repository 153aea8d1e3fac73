import type { Mailbox } from '../../core/mailboxes/model.ts'
import type { Copy } from '../../core/messages/file-inbound.ts'
import type { SpfResult } from '../../protocol/spf/check.ts'

/** One mail from MAIL to the end of DATA (RFC 5321 §3.3). */
export class Transaction {
  readonly mailFrom: string
  /** Addresses and header fields may be UTF-8 (RFC 6531). */
  readonly utf8: boolean
  /** What MAIL announced (RFC 1870); 0 when nothing. */
  readonly declaredBytes: number
  /** RCPT commands that were accepted. */
  accepted = 0
  readonly #copies = new Map<string, Copy>()
  readonly #judge: () => Promise<SpfResult>
  #spf: Promise<SpfResult> | undefined

  constructor(fields: { mailFrom: string; utf8: boolean; declaredBytes: number; judge: () => Promise<SpfResult> }) {
    this.mailFrom = fields.mailFrom
    this.utf8 = fields.utf8
    this.declaredBytes = fields.declaredBytes
    this.#judge = fields.judge
  }

  /**
   * Begun with the first recipient that is accepted, while the rest is on its way. Not before: MAIL and RSET in turn, without anybody
   * to write to, would make our resolver a hammer in a stranger's hand.
   */
  get spf(): Promise<SpfResult> {
    this.#spf ??= this.#judge()
    return this.#spf
  }

  /** One copy for each mailbox, however many recipients lead to it. */
  get copies(): Copy[] {
    return [...this.#copies.values()]
  }

  add(mailbox: Mailbox, recipient: string): void {
    this.accepted++
    void this.spf
    const known = this.#copies.get(mailbox.id)
    if (!known) {
      this.#copies.set(mailbox.id, { mailbox: { id: mailbox.id, orgId: mailbox.orgId }, rcptTo: [recipient] })
    } else if (!known.rcptTo.includes(recipient)) known.rcptTo.push(recipient)
  }
}
