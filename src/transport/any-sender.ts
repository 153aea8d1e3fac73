import type { Consignment, MailSender, RecipientReply } from '../core/outbound/mail-sender.ts'
import type { DeliveryRoute } from '../core/outbound/route.ts'
import { sendByResend } from './mail-services/resend-sender.ts'
import { SesSender } from './mail-services/ses-sender.ts'
import type { DirectSender } from './mx/direct-sender.ts'
import type { SmarthostSender } from './smtp-client/smarthost-sender.ts'

export interface Senders {
  direct: Pick<DirectSender, 'send' | 'hangUp'>
  smarthost: Pick<SmarthostSender, 'send' | 'hangUp'>
}

/** Takes each mail out by its route. */
export class AnySender implements MailSender {
  readonly #senders: Senders
  readonly #ses = new SesSender()

  constructor(senders: Senders) {
    this.#senders = senders
  }

  async send(route: Exclude<DeliveryRoute, { kind: 'sandbox' }>, consignment: Consignment): Promise<RecipientReply[]> {
    if (route.kind === 'direct') return this.#senders.direct.send(consignment)
    if (route.kind === 'smarthost') return this.#senders.smarthost.send(route, consignment)
    if (route.kind === 'resend') return sendByResend(route, consignment)
    return this.#ses.send(route, consignment)
  }

  hangUp(): void {
    this.#senders.direct.hangUp()
    this.#senders.smarthost.hangUp()
  }
}
