import ipaddr from 'ipaddr.js'

export interface GuestLimits {
  /** Connections at once, from everywhere. */
  total: number
  /** From one IPv4 address, or one IPv6 network of 64 bits. Loopback has no such limit. */
  perHost: number
}

/** Counts who is connected, and who may come in. */
export class Guests {
  readonly #limits: GuestLimits
  readonly #hosts = new Map<string, number>()
  #total = 0

  constructor(limits: GuestLimits) {
    this.#limits = limits
  }

  /** Disposing lets the guest out; undefined when there is no room for it. */
  admit(address: string): Disposable | undefined {
    const host = hostOf(address)
    const present = this.#hosts.get(host) ?? 0
    if (this.#total >= this.#limits.total || (host !== 'loopback' && present >= this.#limits.perHost)) return undefined
    this.#total++
    this.#hosts.set(host, present + 1)
    return { [Symbol.dispose]: () => this.#leave(host) }
  }

  #leave(host: string): void {
    this.#total--
    const left = (this.#hosts.get(host) ?? 1) - 1
    if (left > 0) this.#hosts.set(host, left)
    else this.#hosts.delete(host)
  }
}

/** One IPv4 address, or one IPv6 network of 64 bits: what one guest can have. */
export function hostOf(text: string): string {
  const address = ipaddr.process(text)
  if (address.range() === 'loopback') return 'loopback'
  return address instanceof ipaddr.IPv6 ? address.toByteArray().slice(0, 8).join('.') : address.toString()
}
