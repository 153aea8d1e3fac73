import { setMaxListeners } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import { toAsciiDomain } from '../../protocol/dns/domain-name.ts'
import { type Answer, all, refusedHere, toReplies, untried } from '../smtp-client/answer.ts'
import { ByName } from '../smtp-client/by-name.ts'
import { defaultTimeouts } from '../smtp-client/timeouts.ts'
import type { Answers } from '../smtp-client/transaction.ts'
import { Attempt, type Road } from './attempt.ts'
import { type Concurrency, DestinationState } from './destination-state.ts'

/** For finding a host that takes the message; the answer to the last dot has its own time. */
const ATTEMPT_MS = 4 * 60_000
const TURN_MS = 10_000
const usual: Concurrency = { first: 2, most: 5 }

type Made = 'helo' | 'timeouts' | 'port' | 'signal'

export interface DirectOptions extends Omit<Road, Made>, Partial<Pick<Road, Made>> {
  clock: Clock
  log: Log
  concurrency?: Concurrency
  /** Messages to one destination; 0 or nothing is no limit. */
  perMinute?: number
  attemptMs?: number
}

/** The open road: hands mail to the servers that the recipients' domains name. A slow destination delays no other. */
export class DirectSender implements AsyncDisposable {
  readonly #options: DirectOptions
  readonly #road: Road
  readonly #cut = new AbortController()
  readonly #states: ByName<DestinationState>

  constructor(options: DirectOptions) {
    this.#options = options
    const { clock, concurrency = usual, perMinute = 0 } = options
    this.#states = new ByName(clock, () => new DestinationState(clock, { concurrency, perMinute }))
    const { signal } = this.#cut
    setMaxListeners(0, signal)
    this.#road = { helo: options.mailHost, timeouts: defaultTimeouts, port: 25, ...options, signal }
  }

  async send(consignment: Consignment): Promise<RecipientReply[]> {
    const domains = Map.groupBy(consignment.recipients, domainOf)
    const answered = await Promise.all(
      [...domains].map(([domain, recipients]) => this.#sendTo(domain, { ...consignment, recipients })),
    )
    // The domain's own server has it: this is where our part ends.
    return toReplies(consignment, new Map(answered.flatMap((one) => [...one])), 'delivered')
  }

  async #sendTo(domain: string, consignment: Consignment): Promise<Answers> {
    const state = this.#states.get(domain)
    const entered = state.resting ? false : await state.pool.enter(TURN_MS)
    if (!entered) return all(consignment, state.resting ?? tooBusy)
    try {
      const notNow = state.begin()
      return notNow ? all(consignment, notNow) : await this.#attempt(domain, state, consignment)
    } catch (error) {
      // A bug of ours must not keep the mail from its calendar.
      this.#options.log.error({ err: error, domain }, 'an attempt to deliver failed')
      return all(consignment, broken)
    } finally {
      state.pool.leave()
    }
  }

  async #attempt(domain: string, state: DestinationState, consignment: Consignment): Promise<Answers> {
    const deadline = Date.now() + (this.#options.attemptMs ?? ATTEMPT_MS)
    const attempt = new Attempt(this.#road, state, consignment, deadline)
    const answers = await attempt.run(domain)
    const said = [...answers.values()]
    const accepted = said.some((answer) => answer.result === 'accepted')
    state.learn({ accepted, reached: attempt.reached, worst: said.find((answer) => answer.result === 'temporary') })
    const rest = state.resting?.retryAfterSeconds
    if (rest === undefined) return answers
    this.#options.log.info({ domain, text: state.resting?.text }, 'a destination is left alone for a while')
    return new Map([...answers].map(([recipient, answer]) => [recipient, withRest(answer, rest)]))
  }

  /** Ends what is under way as if the servers had, and begins nothing more. */
  hangUp(): void {
    for (const state of this.#states.values()) state.pool.close()
    this.#cut.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp()
  }
}

const broken = refusedHere(null, 451, '4.3.0', 'The attempt failed on our side')
const tooBusy = untried(refusedHere(null, 451, '4.4.5', 'Too much mail for this destination at once'), 1)

function domainOf(recipient: string): string {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1)
  return toAsciiDomain(domain) ?? domain
}

function withRest(answer: Answer, retryAfterSeconds: number): Answer {
  return answer.result === 'temporary' ? { ...answer, retryAfterSeconds } : answer
}
