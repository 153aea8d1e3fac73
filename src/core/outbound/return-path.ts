import { readVerp, verpAddress } from '../../protocol/dsn/verp.ts'
import type { App } from '../app.ts'
import type { DeliveryId } from '../ids.ts'
import type { Delivery } from './model.ts'

const keyOf = (app: App) => app.secrets.derive('verp')

/**
 * The reverse path under which a group of deliveries leaves: an address that names the first of them and that nobody else can make.
 * In the sender's own domain, so that SPF is aligned. The null path stays null.
 */
export function returnPathOf(app: App, { id, mailFrom }: Delivery): string {
  const domain = mailFrom.slice(mailFrom.lastIndexOf('@') + 1)
  return mailFrom === '' ? '' : verpAddress({ deliveryId: id, domain, key: keyOf(app) })
}

/** The delivery that a return path of ours names; undefined for every other address. */
export function deliveryIn(app: App, address: string): DeliveryId | undefined {
  return (readVerp(address, [keyOf(app)]) as DeliveryId | null) ?? undefined
}
