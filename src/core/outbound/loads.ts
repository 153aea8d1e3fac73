import type { App } from '../app.ts'
import type { Load } from './lanes.ts'
import type { Delivery } from './model.ts'
import { type WayOut, waysOut } from './ways-out.ts'

const SLOTS_HERE = 16
/** What one destination on the outside may hold: its sender keeps no more connections than that to it. */
const SLOTS_OUTSIDE = 5

/** Claimed deliveries as loads: what stays here is not held up by what leaves, and each destination of route `direct` goes alone. */
export async function toLoads(app: App, claimed: Delivery[], claimedAt: number): Promise<Load[]> {
  if (claimed.length === 0) return []
  const { read } = app.store
  const here = new Map<string, boolean>()
  for (const domain of new Set(claimed.map((d) => d.domain))) here.set(domain, await read.domains.isLocal(domain))
  const messages = Map.groupBy(claimed, (d) => d.messageId)
  const [wayOf, sizes] = await Promise.all([waysOut(app), read.messages.sizes([...messages.keys()])])
  const loads: Load[] = []
  for (const [messageId, deliveries] of messages) {
    const [first] = deliveries
    if (!first) continue
    // The mail of one message is of one sender, and leaves one way.
    const known = { wayOut: await wayOf(first), sizeBytes: sizes.get(messageId) ?? 0, claimedAt }
    const [local, remote] = [
      deliveries.filter((d) => here.get(d.domain)),
      deliveries.filter((d) => !here.get(d.domain)),
    ]
    if (local.length > 0) loads.push(toLoad(local, known, { orgId: null, slots: SLOTS_HERE }))
    loads.push(...leaving(remote, known))
  }
  return loads
}

interface Known {
  wayOut: WayOut
  sizeBytes: number
  claimedAt: number
}

function leaving(deliveries: Delivery[], known: Known): Load[] {
  const { route, orgId } = known.wayOut
  const direct = route?.kind === 'direct'
  const groups = Map.groupBy(deliveries, (d) => (direct ? d.domain : ''))
  return [...groups.values()].map((group) =>
    toLoad(group, known, { orgId, slots: direct ? SLOTS_OUTSIDE : SLOTS_HERE }),
  )
}

function toLoad(
  deliveries: Delivery[],
  { wayOut, sizeBytes, claimedAt }: Known,
  { orgId, slots }: Pick<Load['lane'], 'orgId'> & Pick<Load, 'slots'>,
): Load {
  const { domain = '', blobKey = '' } = deliveries[0] ?? {}
  const bytes = { key: blobKey, sizeBytes }
  return { lane: { domain, orgId }, slots, deliveries, bytes, claimedAt, route: wayOut.route }
}
