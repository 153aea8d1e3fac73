import type { Log } from '../../core/log.ts'
import type { Consignment, MailSender, RecipientReply } from '../../core/outbound/mail-sender.ts'
import type { DeliveryRoute } from '../../core/outbound/route.ts'
import { all, ConnectFailure, type Connection, type Outcome } from './connection.ts'
import { ConnectionPool } from './connection-pool.ts'
import { defaultTimeouts, type Peer, peerKey, type Timeouts } from './peer.ts'
import { failed } from './replies.ts'
import { smarthostPeer } from './smarthost.ts'

const CONNECTIONS_PER_PEER = 5

export interface SmtpSenderOptions {
  log: Log
  /** What we call ourselves. */
  helo: string
  timeouts?: Partial<Timeouts>
  connectionsPerPeer?: number
}

/** Hands mail to other servers over SMTP, with a few connections to each that are used again and again. */
export class SmtpSender implements MailSender, AsyncDisposable {
  readonly #log: Log
  readonly #helo: string
  readonly #timeouts: Timeouts
  readonly #poolSize: number
  readonly #pools = new Map<string, ConnectionPool>()
  readonly #busy = new Set<Connection>()
  /** What answers in the place of each hand-over that is cut off. */
  readonly #cuts = new Set<() => void>()
  #ending = false

  constructor({ log, helo, timeouts, connectionsPerPeer = CONNECTIONS_PER_PEER }: SmtpSenderOptions) {
    this.#log = log
    this.#helo = helo
    this.#timeouts = { ...defaultTimeouts, ...timeouts }
    this.#poolSize = connectionsPerPeer
  }

  async send(route: Exclude<DeliveryRoute, { kind: 'sandbox' }>, consignment: Consignment): Promise<RecipientReply[]> {
    const { answers } = await this.#untilCutOff(consignment, this.#route(route, consignment))
    return consignment.recipients.map((recipient) => ({
      recipient,
      ...(answers.get(recipient) ?? failed(null, 'No answer')),
    }))
  }

  /** Ends what is under way, as if the line had broken; nothing is sent from now on. */
  hangUp(): void {
    this.#ending = true
    for (const connection of this.#busy) connection.close()
    for (const cut of this.#cuts) cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pool of this.#pools.values()) pool.close()
    this.#pools.clear()
  }

  async #untilCutOff(consignment: Consignment, work: Promise<Outcome>): Promise<Outcome> {
    const cut = Promise.withResolvers<Outcome>()
    const answer = () => cut.resolve(all(consignment, hungUp))
    this.#cuts.add(answer)
    try {
      return await Promise.race([work, cut.promise])
    } finally {
      this.#cuts.delete(answer)
    }
  }

  #route(route: Exclude<DeliveryRoute, { kind: 'sandbox' }>, consignment: Consignment): Promise<Outcome> {
    if (route.kind === 'smarthost') return this.#sendTo(smarthostPeer(route), consignment)
    // todo: the open road and the HTTP services come with the routes that use them.
    return Promise.resolve(all(consignment, failed(null, `The route ${route.kind} is not there yet`)))
  }

  async #sendTo(peer: Peer, consignment: Consignment): Promise<Outcome> {
    const pool = this.#pool(peer)
    let connection: Connection
    try {
      connection = await pool.acquire()
    } catch (error) {
      return this.#notReached(peer, consignment, error)
    }
    try {
      const used = connection.used > 0
      const outcome = await this.#attempt(connection, consignment)
      if (!outcome.untouched || !used || this.#ending) return outcome
      // A peer may close a connection that waits at any time; that says nothing about the mail.
      connection = await pool.replace(connection)
      return await this.#attempt(connection, consignment)
    } catch (error) {
      return this.#notReached(peer, consignment, error)
    } finally {
      pool.release(connection)
    }
  }

  async #attempt(connection: Connection, consignment: Consignment): Promise<Outcome> {
    if (this.#ending) return all(consignment, hungUp)
    this.#busy.add(connection)
    const timer = setTimeout(() => connection.close(), this.#timeouts.attemptMs)
    try {
      const outcome = await connection.send(consignment)
      if (![...outcome.answers.values()].some((a) => a.result === 'sent' || a.result === 'delivered')) {
        await connection.reset()
      }
      return outcome
    } finally {
      clearTimeout(timer)
      this.#busy.delete(connection)
    }
  }

  #notReached(peer: Peer, consignment: Consignment, error: unknown): Outcome {
    this.#log.debug({ err: error, host: peer.host }, 'a mail server could not be reached')
    if (error instanceof ConnectFailure) return all(consignment, error.answer)
    this.#log.error({ err: error, host: peer.host }, 'sending failed')
    return all(consignment, failed(peer.host, 'The connection failed'))
  }

  #pool(peer: Peer): ConnectionPool {
    const key = peerKey(peer)
    const known = this.#pools.get(key)
    if (known) return known
    const options = { peer, helo: this.#helo, timeouts: this.#timeouts, size: this.#poolSize }
    const pool = new ConnectionPool(options)
    this.#pools.set(key, pool)
    return pool
  }
}

const hungUp = failed(null, 'We hung up: this server is stopping')
