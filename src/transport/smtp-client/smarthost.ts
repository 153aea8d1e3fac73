import type { DeliveryRoute } from '../../core/outbound/route.ts'
import type { Peer } from './peer.ts'

/** The server that sees to the rest: its yes means `sent`, not `delivered`. */
export function smarthostPeer(route: Extract<DeliveryRoute, { kind: 'smarthost' }>): Peer {
  const { host, port, secure, user, password } = route
  return {
    host,
    port,
    tls: secure ? 'implicit' : 'opportunistic',
    credentials: user === null ? null : { user, password: password ?? '' },
    final: false,
  }
}
