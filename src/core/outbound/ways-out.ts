import type { App } from '../app.ts'
import { openRoute } from '../domains/routes/routes.ts'
import type { OrgId } from '../ids.ts'
import type { Delivery } from './model.ts'
import type { DeliveryRoute } from './route.ts'

/** How a mail leaves. */
export interface WayOut {
  /** Null when its domain has one of its own that cannot be read: it must not take another. */
  route: DeliveryRoute | null
  /** The organization whose own way it is; null when everybody's mail may take it. */
  orgId: OrgId | null
}

/** The ways out as they are now: that of the sending domain, else the server's. */
export async function waysOut(app: App): Promise<(delivery: Delivery) => Promise<WayOut>> {
  const usual: WayOut = { route: app.settings.route, orgId: null }
  const routes = await app.store.read.domains.routes()
  if (routes.length === 0) return async () => usual
  return async (delivery) => {
    const domain = await senderDomain(app, delivery)
    const own = routes.filter(({ name, orgId }) => name === domain && (orgId === delivery.orgId || orgId === null))
    const chosen = own.find(({ orgId }) => orgId !== null) ?? own[0]
    return chosen ? { route: openRoute(app, chosen), orgId: chosen.orgId } : usual
  }
}

async function senderDomain(app: App, { mailFrom, orgId, mailboxId }: Delivery): Promise<string | undefined> {
  if (mailFrom !== '') return mailFrom.slice(mailFrom.lastIndexOf('@') + 1)
  return (await app.store.read.mailboxes.get(orgId, mailboxId))?.domain
}
