import { Resolver as NodeResolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Clock } from '../../core/clock.ts'
import { DnsError, type DnsErrorCode, type MxRecord, type Resolver } from '../../protocol/dns/resolver.ts'
import { AnswerCache, type Timed } from './answer-cache.ts'

/** What node does not tell the time to live of is kept this long. */
const DEFAULT_TTL_MS = 60_000
const MAX_TTL_MS = 3_600_000

export interface DnsOptions {
  clock: Pick<Clock, 'now'>
  /** `host:port`; absent: those of the system. */
  servers?: string[] | undefined
  /** False: every question is asked anew. */
  keep?: boolean
  timeoutMs?: number
  tries?: number
}

/** Asks real name servers. Answers are kept for their time to live, and equal questions under way are asked once. */
export class DnsResolver implements Resolver {
  readonly #node: NodeResolver
  readonly #cache: AnswerCache | undefined

  constructor({ clock, servers, keep = true, timeoutMs = 2_000, tries = 2 }: DnsOptions) {
    this.#node = new NodeResolver({ timeout: timeoutMs, tries })
    if (servers && servers.length > 0) this.#node.setServers(servers)
    this.#cache = keep ? new AnswerCache(clock) : undefined
  }

  txt(name: string): Promise<string[][]> {
    return this.#ask('TXT', name, async (ascii) => {
      // Node makes one char of each byte, which is what mail signs and hashes.
      return timed(await this.#node.resolveTxt(ascii))
    })
  }

  a(name: string): Promise<string[]> {
    return this.#ask('A', name, async (ascii) => addresses(await this.#node.resolve4(ascii, { ttl: true })))
  }

  aaaa(name: string): Promise<string[]> {
    return this.#ask('AAAA', name, async (ascii) => addresses(await this.#node.resolve6(ascii, { ttl: true })))
  }

  mx(name: string): Promise<MxRecord[]> {
    return this.#ask('MX', name, async (ascii) => {
      const records = await this.#node.resolveMx(ascii)
      return timed(records.map(({ exchange, priority }) => ({ exchange: withoutDot(exchange), priority })))
    })
  }

  cname(name: string): Promise<string[]> {
    return this.#ask('CNAME', name, async (ascii) => timed((await this.#node.resolveCname(ascii)).map(withoutDot)))
  }

  ptr(address: string): Promise<string[]> {
    return this.#ask('PTR', address, async () => {
      if (!isIP(address)) throw new DnsError('nxdomain', `PTR ${address}`)
      return timed((await this.#node.reverse(address)).map(withoutDot))
    })
  }

  async #ask<T>(type: string, name: string, lookUp: (ascii: string) => Promise<Timed<T[]>>): Promise<T[]> {
    const key = withoutDot(name.toLowerCase())
    const askNow = async () => {
      // An invalid name is a name that is not there; the resolver library would throw something of its own.
      const ascii = type === 'PTR' ? key : /^[\x21-\x7e]{1,253}$/.test(key) ? key : domainToASCII(key)
      if (ascii === '') throw new DnsError('nxdomain', `${type} ${name}`)
      try {
        const answer = await lookUp(ascii)
        if (answer.value.length === 0) throw new DnsError('nodata', `${type} ${name}`)
        return { value: answer.value, ttlMs: Math.min(answer.ttlMs, MAX_TTL_MS) }
      } catch (error) {
        throw toDnsError(error, `${type} ${name}`)
      }
    }
    const kept = this.#cache ? await this.#cache.get(`${type} ${key}`, askNow) : (await askNow()).value
    // Theirs to sort and shuffle.
    return [...kept]
  }
}

function timed<T>(value: T): Timed<T> {
  return { value, ttlMs: DEFAULT_TTL_MS }
}

function addresses(records: { address: string; ttl: number }[]): Timed<string[]> {
  const ttl = Math.min(...records.map((r) => r.ttl))
  return { value: records.map((r) => r.address), ttlMs: Number.isFinite(ttl) ? ttl * 1000 : DEFAULT_TTL_MS }
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '')
}

const codes: Record<string, DnsErrorCode> = {
  ENOTFOUND: 'nxdomain',
  ENODATA: 'nodata',
  EBADNAME: 'nxdomain',
  ETIMEOUT: 'timeout',
  ECANCELLED: 'timeout',
}

function toDnsError(error: unknown, question: string): DnsError {
  if (error instanceof DnsError) return error
  return new DnsError(codes[(error as NodeJS.ErrnoException).code ?? ''] ?? 'servfail', question)
}
