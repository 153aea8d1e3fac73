import type { IncomingMessage, ServerResponse } from 'node:http'

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown

/**
 * Handles the requests of one connection one after the other. A client may send many without waiting (RFC 9112 §9.3.2); answered in
 * this order anyway, they would only be a way to have hundreds of answers made and kept at once.
 */
export function oneAtATime(listener: Listener): Listener {
  const underWay = new WeakMap<object, ServerResponse>()
  return (incoming, outgoing) => {
    const before = underWay.get(incoming.socket)
    underWay.set(incoming.socket, outgoing)
    if (!before || before.closed) return listener(incoming, outgoing)
    before.once('close', () => {
      if (!outgoing.destroyed && !incoming.socket.destroyed) listener(incoming, outgoing)
    })
  }
}
