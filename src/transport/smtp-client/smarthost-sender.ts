import { lookup } from 'node:dns/promises'
import { setMaxListeners } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import type { DeliveryRoute } from '../../core/outbound/route.ts'
import { AddressPolicy } from '../net/public-address.ts'
import { type Answer, all, brokenBy, refusedHere, toReplies, untried } from './answer.ts'
import { deliverInBatches } from './batches.ts'
import { ByName } from './by-name.ts'
import { ConnectionPool } from './connection-pool.ts'
import { openSession } from './open-session.ts'
import type { SmtpConnection, SmtpOptions } from './smtp-connection.ts'
import { SmtpError } from './smtp-error.ts'
import { defaultTimeouts, type SmtpTimeouts } from './timeouts.ts'
import type { Answers } from './transaction.ts'

/** For everything up to the last dot; the answer to it has its own time. */
const ATTEMPT_MS = 4 * 60_000
const TURN_MS = 10_000
const CONNECTIONS = 5
const MAX_ADDRESSES = 4

export type Smarthost = Extract<DeliveryRoute, { kind: 'smarthost' }>

export interface SmarthostOptions {
  clock: Clock
  log: Log
  /** What we call ourselves. */
  helo: string
  /** CIDRs of networks where nobody between us and a server listens or pretends. */
  trustedNets: readonly string[]
  timeouts?: SmtpTimeouts
  /** To each smarthost at once. */
  connections?: number
  attemptMs?: number
  /** The addresses of a host name, as the system finds them. */
  lookUp?: (host: string) => Promise<string[]>
}

/** Hands mail to servers that see to the rest, over a few connections to each that are used again and again. */
export class SmarthostSender implements AsyncDisposable {
  readonly #options: SmarthostOptions
  readonly #trusted: AddressPolicy
  readonly #cut = new AbortController()
  readonly #pools: ByName<ConnectionPool>

  constructor(options: SmarthostOptions) {
    const { clock, trustedNets, connections = CONNECTIONS } = options
    this.#options = options
    this.#trusted = new AddressPolicy(trustedNets)
    this.#pools = new ByName(clock, () => new ConnectionPool(clock, connections))
    setMaxListeners(0, this.#cut.signal)
  }

  async send(host: Smarthost, consignment: Consignment): Promise<RecipientReply[]> {
    const pool = this.#pools.get(JSON.stringify(host))
    const entered = await pool.enter(TURN_MS)
    if (!entered) return toReplies(consignment, all(consignment, tooBusy(host)), 'sent')
    try {
      return toReplies(consignment, await this.#attempt(host, pool, consignment), 'sent')
    } catch (error) {
      return toReplies(consignment, all(consignment, this.#failed(host, error)), 'sent')
    } finally {
      pool.leave()
    }
  }

  async #attempt(host: Smarthost, pool: ConnectionPool, consignment: Consignment): Promise<Answers> {
    const deadline = Date.now() + (this.#options.attemptMs ?? ATTEMPT_MS)
    const known = pool.reuse()
    if (known) {
      known.deadline = deadline
      const answers = await this.#talk(known, pool, consignment)
      // A server may close a connection that waits at any time; that says nothing about the mail.
      if (![...answers.values()].every(isGoodbye)) return answers
    }
    return this.#talk(await this.#open(host, deadline), pool, consignment)
  }

  async #talk(connection: SmtpConnection, pool: ConnectionPool, consignment: Consignment): Promise<Answers> {
    const answers = await deliverInBatches(connection, consignment)
    pool.keep(connection)
    return answers
  }

  async #open({ host, port, ...how }: Smarthost, deadline: number): Promise<SmtpConnection> {
    const addresses = await this.#untilCut((this.#options.lookUp ?? systemLookUp)(host))
    let failure = new SmtpError('unreachable', 'connect', 'The name of the server leads to no address')
    for (const address of addresses.slice(0, MAX_ADDRESSES)) {
      try {
        return await openSession({ host, address, port }, this.#sessionOptions(how, address, deadline))
      } catch (error) {
        if (!(error instanceof SmtpError)) throw error
        failure = error
        // Another address would not like the password any better, and wrong ones are counted.
        if (error.stage === 'AUTH' || Date.now() >= deadline) break
      }
    }
    throw failure
  }

  /** The system's look-up knows no signal. */
  async #untilCut<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#cut
    const cut = Promise.withResolvers<never>()
    const stop = () => cut.reject(new SmtpError('lost', 'connect', 'We hung up'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    return Promise.race([work, cut.promise]).finally(() => signal.removeEventListener('abort', stop))
  }

  #sessionOptions(how: Pick<Smarthost, 'secure' | 'user' | 'password'>, address: string, deadline: number) {
    const { helo, timeouts = defaultTimeouts } = this.#options
    const trusted = this.#trusted.judge(address) === 'allowed'
    const login = how.user === null ? undefined : { user: how.user, password: how.password ?? '' }
    const tls = how.secure ? 'implicit' : login && !trusted ? 'verified' : 'opportunistic'
    return { helo, timeouts, trusted, login, tls, deadline, signal: this.#cut.signal } satisfies SmtpOptions
  }

  #failed({ host }: Smarthost, error: unknown): Answer {
    if (error instanceof SmtpError) return brokenBy(host, error)
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      return refusedHere(host, 451, '4.4.3', 'The name of the server could not be looked up')
    this.#options.log.error({ err: error, host }, 'an attempt to deliver failed')
    return refusedHere(host, 451, '4.3.0', 'The attempt failed on our side')
  }

  /** Ends what is under way as if the servers had, and begins nothing more. */
  hangUp(): void {
    for (const pool of this.#pools.values()) pool.close()
    this.#cut.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp()
  }
}

const tooBusy = ({ host }: Smarthost) =>
  untried(refusedHere(host, 451, '4.4.5', 'Too much mail for this server at once'), 1)

// 421 is a goodbye (RFC 5321 §3.8), as good as a cut line.
function isGoodbye({ result, replyCode, last }: Answer): boolean {
  return result === 'temporary' && !last && (replyCode === null || replyCode === 421)
}

async function systemLookUp(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}
