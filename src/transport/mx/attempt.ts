import type { Consignment } from '../../core/outbound/mail-sender.ts'
import { isNamed } from '../../protocol/mta-sts/policy.ts'
import { type Answer, brokenBy, refusedHere } from '../smtp-client/answer.ts'
import { deliverInBatches } from '../smtp-client/batches.ts'
import { openSession } from '../smtp-client/open-session.ts'
import type { SmtpConnection, SmtpOptions } from '../smtp-client/smtp-connection.ts'
import { SmtpError } from '../smtp-client/smtp-error.ts'
import type { Answers } from '../smtp-client/transaction.ts'
import type { DestinationState } from './destination-state.ts'
import { type DestinationOptions, findDestination } from './destinations.ts'
import { type AddressOptions, addressesOf, type HostAddress, type NoAddress } from './host-addresses.ts'
import type { StsPolicies } from './sts-policies.ts'

export type Road = DestinationOptions &
  AddressOptions &
  Pick<SmtpOptions, 'helo' | 'timeouts' | 'tlsOptions' | 'signal'> & {
    port: number
    sts: Pick<StsPolicies, 'policyFor'>
  }

/** One attempt to hand a message to a domain: from host to host, until each recipient has a last answer or no host is left. */
export class Attempt {
  /** True when some server had a session with us. */
  reached = false
  readonly #road: Road
  readonly #state: DestinationState
  readonly #consignment: Consignment
  readonly #deadline: number
  readonly #pending: Set<string>
  readonly #answers: Answers = new Map()
  readonly #tried = new Set<string>()

  constructor(road: Road, state: DestinationState, consignment: Consignment, deadline: number) {
    this.#road = road
    this.#state = state
    this.#consignment = consignment
    this.#deadline = deadline
    this.#pending = new Set(consignment.recipients)
  }

  async run(domain: string): Promise<Answers> {
    const waiting = this.#state.pool.reuse()
    if (waiting) await this.#talk(waiting)
    if (this.#pending.size > 0) await this.#search(domain)
    return this.#answers
  }

  async #search(domain: string): Promise<void> {
    const destination = await findDestination(domain, this.#road)
    if ('refused' in destination) return this.#note(destination.refused)
    const policy = await this.#road.sts.policyFor(domain)
    const enforced = policy?.mode === 'enforce'
    const hosts = enforced ? destination.hosts.filter(({ name }) => isNamed(policy, name)) : destination.hosts
    // RFC 8461 §5: no way out but to wait until policy and MX records agree.
    if (hosts.length === 0)
      this.#note(refusedHere(null, 451, '4.7.5', 'No mail host is in the MTA-STS policy of the domain'))
    const without = new Set<NoAddress>()
    for await (const found of addressesOf(hosts, this.#road, without)) {
      if (this.#tried.has(found.address)) continue
      await this.#visit(found, enforced)
      if (this.#pending.size === 0 || Date.now() >= this.#deadline) break
    }
    if (without.size > 0) this.#note(explain(domain, without))
  }

  async #visit({ host, address }: HostAddress, verified: boolean): Promise<void> {
    try {
      const tls = verified ? 'verified' : 'opportunistic'
      const options = { ...this.#road, deadline: this.#deadline, tls } as const
      await this.#talk(await openSession({ host, address, port: this.#road.port }, options))
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error
      if (error.reply) this.reached = true
      const answer = brokenBy(host, error)
      // RFC 7504 §3: this host takes no mail at all, ever. Another one may.
      this.#note(error.reply?.code === 521 ? { ...answer, result: 'permanent' } : answer)
    }
  }

  async #talk(connection: SmtpConnection): Promise<void> {
    connection.deadline = this.#deadline
    const answers = await deliverInBatches(connection, { ...this.#consignment, recipients: [...this.#pending] })
    for (const [recipient, answer] of answers) this.#take(recipient, answer)
    if ([...answers.values()].some((answer) => answer.replyCode !== null)) {
      this.reached = true
      this.#tried.add(connection.peer.address)
    }
    this.#state.pool.keep(connection)
  }

  #take(recipient: string, answer: Answer): void {
    const final = answer.result !== 'temporary' || answer.last
    if (final) this.#pending.delete(recipient)
    if (final || weight(answer) >= weight(this.#answers.get(recipient))) this.#answers.set(recipient, answer)
  }

  /** For all who still wait. */
  #note(answer: Answer): void {
    for (const recipient of this.#pending) {
      if (weight(answer) >= weight(this.#answers.get(recipient))) this.#answers.set(recipient, answer)
    }
  }
}

/** Of the answers of several hosts, hope counts more than despair, and words more than silence. */
function weight(answer: Answer | undefined): number {
  if (!answer) return 0
  if (answer.result === 'permanent') return 1
  return answer.replyCode === null ? 2 : 3
}

function explain(domain: string, without: Set<NoAddress>): Answer {
  if (without.has('temporary'))
    return refusedHere(null, 451, '4.4.3', `The DNS does not answer for the mail hosts of ${domain}`)
  if (without.has('ours')) return refusedHere(null, 550, '5.4.6', `Mail for ${domain} loops back to us`)
  if (without.has('refused'))
    return refusedHere(null, 550, '5.4.4', `The mail hosts of ${domain} have no public address`)
  return refusedHere(null, 550, '5.4.4', `The mail hosts of ${domain} have no address`)
}
