import { Connection } from './connection.ts'
import type { Peer, Timeouts } from './peer.ts'

const MAX_IDLE_MS = 20_000
/** Peers count, and some close after a hundred. */
const MAX_USES = 100

export interface PoolOptions {
  peer: Peer
  helo: string
  timeouts: Timeouts
  /** Connections at once. */
  size: number
}

interface Idle {
  connection: Connection
  timer: NodeJS.Timeout
}

/** The connections to one peer: so many at once, and kept open a while for the next mail. */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #idle: Idle[] = []
  readonly #waiting: (() => void)[] = []
  #busy = 0
  #closing = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Waits for a turn. The connection may be one that served before, and must come back through `release`. */
  async acquire(): Promise<Connection> {
    await this.#turn()
    try {
      return this.#reuse() ?? (await this.#open())
    } catch (error) {
      this.#done()
      throw error
    }
  }

  /** A new one in the place of one that turned out to be closed by its peer. */
  replace(connection: Connection): Promise<Connection> {
    connection.close()
    return this.#open()
  }

  release(connection: Connection): void {
    if (connection.used >= MAX_USES || this.#closing) connection.quit()
    else if (!connection.closed) this.#keep(connection)
    this.#done()
  }

  /** Nothing is kept from now on. */
  close(): void {
    this.#closing = true
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      connection.quit()
    }
  }

  #open(): Promise<Connection> {
    const { peer, helo, timeouts } = this.#options
    return Connection.open(peer, helo, timeouts)
  }

  #reuse(): Connection | undefined {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.timer)
      if (!idle.connection.closed) return idle.connection
    }
    return undefined
  }

  #keep(connection: Connection): void {
    const timer = setTimeout(() => this.#retire(connection), MAX_IDLE_MS)
    timer.unref()
    this.#idle.push({ connection, timer })
  }

  #retire(connection: Connection): void {
    const at = this.#idle.findIndex((idle) => idle.connection === connection)
    if (at >= 0) this.#idle.splice(at, 1)
    connection.quit()
  }

  async #turn(): Promise<void> {
    if (this.#busy < this.#options.size) this.#busy++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  // The place goes straight to whoever waits longest.
  #done(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#busy--
  }
}
