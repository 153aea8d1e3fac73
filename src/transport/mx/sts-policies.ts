import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { DnsError, type Resolver } from '../../protocol/dns/resolver.ts'
import { parseStsPolicy, readStsId, type StsPolicy } from '../../protocol/mta-sts/policy.ts'

/** RFC 8461 §3.3: a policy that cannot be had is not asked for again at once. */
const RETRY_MS = 5 * 60_000
const MAX_DOMAINS = 10_000

/** The text at an https URL: its certificate checked, no redirects followed, bounded in size and time. Throws when there is none. */
export type FetchPolicy = (url: string) => Promise<string>

export interface StsOptions {
  resolver: Pick<Resolver, 'txt'>
  clock: Pick<Clock, 'now'>
  log: Log
  fetchPolicy: FetchPolicy
}

interface Kept {
  id: string
  policy: StsPolicy
  until: number
}

/** The MTA-STS policies of the domains we write to (RFC 8461), kept for as long as each says. */
export class StsPolicies {
  readonly #options: StsOptions
  readonly #kept = new Map<string, Kept>()
  readonly #failed = new Map<string, { id: string; until: number }>()
  readonly #underWay = new Map<string, Promise<StsPolicy | null>>()

  constructor(options: StsOptions) {
    this.#options = options
  }

  /** The policy that holds for mail to this domain now; null when there is none. Never throws: nobody must be kept from mail by it. */
  policyFor(domain: string): Promise<StsPolicy | null> {
    const name = domain.toLowerCase()
    const known = this.#underWay.get(name)
    if (known) return known
    const asked = this.#find(name).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, asked)
    return asked
  }

  async #find(domain: string): Promise<StsPolicy | null> {
    const kept = this.#valid(domain)
    const id = await this.#idOf(domain)
    // RFC 8461 §3.1: a record that is gone does not end a policy; whoever can take the record away must not be able to.
    if (id === null || id === kept?.id || this.#failedLately(domain, id)) return kept?.policy ?? null
    try {
      const text = await this.#options.fetchPolicy(`https://mta-sts.${domain}/.well-known/mta-sts.txt`)
      const policy = parseStsPolicy(text)
      this.#keep(this.#kept, domain, { id, policy, until: this.#now + policy.maxAgeSeconds * 1000 })
      return policy
    } catch (error) {
      this.#options.log.info({ err: error, domain }, 'the MTA-STS policy could not be read')
      this.#keep(this.#failed, domain, { id, until: this.#now + RETRY_MS })
      return kept?.policy ?? null
    }
  }

  async #idOf(domain: string): Promise<string | null> {
    try {
      const records = await this.#options.resolver.txt(`_mta-sts.${domain}`)
      return readStsId(records.map((strings) => strings.join('')))
    } catch (error) {
      if (error instanceof DnsError) return null
      throw error
    }
  }

  get #now(): number {
    return this.#options.clock.now()
  }

  #valid(domain: string): Kept | undefined {
    const kept = this.#kept.get(domain)
    return kept && kept.until > this.#now ? kept : undefined
  }

  #failedLately(domain: string, id: string): boolean {
    const failed = this.#failed.get(domain)
    return failed !== undefined && failed.id === id && failed.until > this.#now
  }

  // A Map keeps the order of insertion: the first key is the oldest.
  #keep<T>(map: Map<string, T>, domain: string, entry: T): void {
    map.delete(domain)
    map.set(domain, entry)
    const oldest = map.keys().next()
    if (map.size > MAX_DOMAINS && !oldest.done) map.delete(oldest.value)
  }
}
