import type { App } from '../app.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import type { Delivery } from '../outbound/model.ts'
import type { Suppression } from './model.ts'

/** The spelling under which an address is suppressed. */
export function canonicalOf(address: string): string {
  return canonicalOrNone(address) ?? address.toLowerCase()
}

/** Which of these deliveries of one organization must not be tried, and why. */
export async function suppressedAmong(app: App, deliveries: readonly Delivery[]): Promise<Map<Delivery, Suppression>> {
  const [first] = deliveries
  if (!first) return new Map()
  const addresses = deliveries.map((d) => canonicalOf(d.recipient))
  const held = await app.store.read.suppressions.among(first.orgId, [...new Set(addresses)])
  const byAddress = new Map(held.map((s) => [s.address, s]))
  return new Map(
    deliveries.flatMap((delivery, at) => {
      const suppression = byAddress.get(addresses[at] ?? '')
      return suppression ? [[delivery, suppression]] : []
    }),
  )
}
