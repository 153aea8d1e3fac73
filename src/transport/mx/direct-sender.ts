import { setMaxListeners } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import { toAsciiDomain } from '../../protocol/dns/domain-name.ts'
import { type Answer, refusedHere } from '../smtp-client/answer.ts'
import { defaultTimeouts } from '../smtp-client/timeouts.ts'
import type { Answers } from '../smtp-client/transaction.ts'
import { Attempt, type Road } from './attempt.ts'
import { type Concurrency, DestinationState } from './destination-state.ts'

/** For finding a host that takes the message; the answer to the last dot has its own time. */
const ATTEMPT_MS = 4 * 60_000
const TURN_MS = 3 * 60_000
const FORGET_MS = 5 * 60_000
const usual: Concurrency = { first: 2, most: 5 }

type Made = 'helo' | 'timeouts' | 'port' | 'signal'

export interface DirectOptions extends Omit<Road, Made>, Partial<Pick<Road, Made>> {
  clock: Clock
  log: Log
  concurrency?: Concurrency
  attemptMs?: number
}

/** The open road: hands mail to the servers that the recipients' domains name. A slow destination delays no other. */
export class DirectSender implements AsyncDisposable {
  readonly #options: DirectOptions
  readonly #road: Road
  readonly #cut = new AbortController()
  readonly #states = new Map<string, DestinationState>()

  constructor(options: DirectOptions) {
    this.#options = options
    const { signal } = this.#cut
    setMaxListeners(0, signal)
    this.#road = { helo: options.mailHost, timeouts: defaultTimeouts, port: 25, ...options, signal }
  }

  async send(consignment: Consignment): Promise<RecipientReply[]> {
    const domains = Map.groupBy(consignment.recipients, domainOf)
    const answered = await Promise.all(
      [...domains].map(([domain, recipients]) => this.#sendTo(domain, { ...consignment, recipients })),
    )
    const answers = new Map(answered.flatMap((one) => [...one]))
    return consignment.recipients.map((recipient) => toReply(recipient, answers.get(recipient) ?? noAnswer))
  }

  async #sendTo(domain: string, consignment: Consignment): Promise<Answers> {
    const state = this.#stateOf(domain)
    const entered = state.resting ? false : await state.enter(TURN_MS)
    if (!entered) return all(consignment, state.resting ?? tooBusy)
    try {
      return state.resting ? all(consignment, state.resting) : await this.#attempt(domain, state, consignment)
    } catch (error) {
      // A bug of ours must not keep the mail from its calendar.
      this.#options.log.error({ err: error, domain }, 'an attempt to deliver failed')
      return all(consignment, broken)
    } finally {
      state.leave()
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

  #stateOf(domain: string): DestinationState {
    const { clock, concurrency = usual } = this.#options
    const known = this.#states.get(domain)
    if (known) return known
    const made = new DestinationState(clock, concurrency)
    this.#states.set(domain, made)
    this.#forgetLater(domain, made)
    return made
  }

  #forgetLater(domain: string, state: DestinationState): void {
    const { clock } = this.#options
    clock.at(clock.now() + FORGET_MS, () => {
      if (state.empty) this.#states.delete(domain)
      else this.#forgetLater(domain, state)
    })
  }

  /** Ends what is under way as if the servers had, and begins nothing more. */
  hangUp(): void {
    for (const state of this.#states.values()) state.close()
    this.#cut.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp()
  }
}

const noAnswer = refusedHere(null, 451, '4.4.1', 'No answer')
const broken = refusedHere(null, 451, '4.3.0', 'The attempt failed on our side')
const tooBusy = refusedHere(null, 451, '4.4.5', 'Too much mail for this destination at once')

function domainOf(recipient: string): string {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1)
  return toAsciiDomain(domain) ?? domain
}

function all({ recipients }: Consignment, answer: Answer): Answers {
  return new Map(recipients.map((recipient) => [recipient, answer]))
}

function withRest(answer: Answer, retryAfterSeconds: number): Answer {
  return answer.result === 'temporary' ? { ...answer, retryAfterSeconds } : answer
}

function toReply(recipient: string, { last, result, ...answer }: Answer): RecipientReply {
  // The domain's own server has it: this is where our part ends.
  return { recipient, result: result === 'accepted' ? 'delivered' : result, ...answer }
}
