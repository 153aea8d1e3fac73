import { Failure } from '../core/errors.ts'
import type { WebhookError } from '../core/webhooks/model.ts'
import type { WebhookAnswer, WebhookReach, WebhookRequest, WebhookSender } from '../core/webhooks/sender.ts'
import type { Resolver } from '../protocol/dns/resolver.ts'
import { judgeDestination, parseDestination } from './net/destination.ts'
import { GuardedFetch } from './net/guarded-fetch.ts'
import { AddressPolicy } from './net/public-address.ts'

/** What is read of an answer, so that the connection can be used again; and what is kept of it. */
const MAX_ANSWER_BYTES = 64 * 1024
const KEPT_BYTES = 1024

export interface WebhookSenderOptions {
  resolver: Resolver
  /** CIDRs that may be reached although they are private. */
  allowNet: readonly string[]
}

/** Posts webhooks with the guarded fetch: no private address, no redirect, no proxy, no cookies, one deadline for everything. */
export class HttpWebhookSender implements WebhookSender, AsyncDisposable {
  readonly #resolver: Resolver
  readonly #policy: AddressPolicy
  readonly #fetches: Record<WebhookReach['ports'], GuardedFetch>

  constructor(options: WebhookSenderOptions) {
    this.#resolver = options.resolver
    this.#policy = new AddressPolicy(options.allowNet)
    this.#fetches = {
      web: new GuardedFetch({ ...options, ports: 'web' }),
      any: new GuardedFetch({ ...options, ports: 'any' }),
    }
  }

  async check(text: string, { ports, plain }: WebhookReach): Promise<void> {
    const url = parseDestination(text)
    const addresses = await this.#addresses(url, ports)
    const opened = addresses.length > 0 && addresses.every((address) => this.#policy.judge(address) === 'allowed')
    if (plain === 'inside' && url.protocol !== 'https:' && !opened) {
      throw new Failure('url_blocked', 'The URL must begin with https://')
    }
  }

  async #addresses(url: URL, ports: WebhookReach['ports']): Promise<string[]> {
    try {
      return await judgeDestination(url, { resolver: this.#resolver, policy: this.#policy, ports })
    } catch (error) {
      // A name that does not resolve now may do so when there is something to tell.
      if (error instanceof Failure && error.code === 'fetch_failed') return []
      throw error
    }
  }

  async post({ url, headers, body, timeoutMs, signal, reach }: WebhookRequest): Promise<WebhookAnswer> {
    const start = performance.now()
    const durationMs = () => Math.round(performance.now() - start)
    try {
      // The address is judged where it is connected to; what no address can excuse, here.
      await this.#refusePlain(url, reach)
      const limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES, excess: 'cut', maxRedirects: 0 } as const
      const answer = await this.#fetches[reach.ports].fetch(url, { method: 'POST', headers, body, signal, ...limits })
      const retryAfter = answer.headers.get('retry-after')
      return { status: answer.status, error: null, retryAfter, durationMs: durationMs(), answer: excerpt(answer.body) }
    } catch (error) {
      return { status: null, error: categoryOf(error), retryAfter: null, durationMs: durationMs(), answer: '' }
    }
  }

  // What the operator allowed may have changed since the webhook was made.
  async #refusePlain(url: string, reach: WebhookReach): Promise<void> {
    if (reach.plain === 'inside' && url.toLowerCase().startsWith('http:')) await this.check(url, reach)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Object.values(this.#fetches).map((fetch) => fetch[Symbol.asyncDispose]()))
  }
}

/** Text for the log, without a cut character at its end. */
function excerpt(body: Buffer): string {
  return new TextDecoder().decode(body.subarray(0, KEPT_BYTES), { stream: true }).replaceAll('\0', '\uFFFD')
}

/** A word for what went wrong, and no more: the log is read by customers. */
function categoryOf(error: unknown): WebhookError {
  const causes = chain(error)
  // Fetch refuses some ports on its own (https://fetch.spec.whatwg.org/#port-blocking).
  if (causes.some((e) => (e instanceof Failure && e.code === 'url_blocked') || e.message === 'bad port'))
    return 'blocked'
  if (causes.some((e) => e.name === 'TimeoutError' || /TIMEOUT|ETIMEDOUT/.test(codeOf(e)))) return 'timeout'
  // The only failure of the guarded fetch that nothing else has caused.
  if (causes.length === 1 && causes[0] instanceof Failure) return 'dns'
  if (causes.some((e) => /TLS|SSL|CERT|SIGNATURE|EPROTO/.test(codeOf(e)))) return 'tls'
  if (causes.some((e) => /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES)$/.test(codeOf(e))))
    return 'connect'
  return 'broken'
}

function chain(error: unknown): Error[] {
  const causes: Error[] = []
  for (let e = error; e instanceof Error && causes.length < 10; e = e.cause) causes.push(e)
  return causes
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
