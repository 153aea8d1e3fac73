import { isIP } from 'node:net'
import type { Agent, buildConnector, fetch } from 'undici'
import { Failure } from '../../core/errors.ts'
import type { Resolver } from '../../protocol/dns/resolver.ts'
import { judgeDestination, parseDestination } from './destination.ts'
import { AddressPolicy } from './public-address.ts'

export interface GuardedFetchOptions {
  resolver: Resolver
  /** CIDRs that may be reached although they are private, on any port. */
  allowNet: readonly string[]
  /** The ports of all other hosts; see `judgeDestination`. */
  ports?: 'web' | 'any'
}

export interface GuardedRequest {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** For everything, redirects and body included. */
  timeoutMs: number
  /** Of the body after decompression. */
  maxBytes: number
  /** What becomes of a longer body: `refuse` throws `too_large`, `cut` keeps what fits, and what came of one that breaks off. */
  excess: 'refuse' | 'cut'
  maxRedirects: number
  /** Gives up early. */
  signal?: AbortSignal
}

export interface GuardedResponse {
  url: URL
  status: number
  headers: Headers
  body: Buffer
}

/**
 * Asks URLs that customers name, and never reaches an address that is not public unless the operator allowed it: the address that was
 * judged is the one that is connected to, and each redirect is judged anew. No proxy of the environment, no cookies, no credentials.
 * Throws `url_blocked`, `fetch_failed` or `too_large`, none of which tells what is behind the wall.
 */
export class GuardedFetch implements AsyncDisposable {
  readonly #judge: Judge
  #client: Promise<Client> | undefined

  constructor({ resolver, allowNet, ports = 'web' }: GuardedFetchOptions) {
    const destination = { resolver, policy: new AddressPolicy(allowNet), ports }
    this.#judge = (url) => judgeDestination(url, destination)
  }

  async fetch(text: string, request: GuardedRequest): Promise<GuardedResponse> {
    const deadline = AbortSignal.timeout(request.timeoutMs)
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline
    let url = parseDestination(text)
    for (let hop = 0; ; hop++) {
      const response = await this.#ask(url, request, signal)
      const location = response.status >= 301 && response.status <= 308 ? response.headers.get('location') : null
      if (location === null || request.maxRedirects === 0) return { url, ...(await read(response, request)) }
      await response.body?.cancel()
      if (hop >= request.maxRedirects) throw new Failure('fetch_failed', 'The URL redirects too often')
      url = follow(url, location)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#client)?.agent.destroy()
  }

  async #ask(url: URL, { method = 'GET', headers = {}, body }: GuardedRequest, signal: AbortSignal) {
    this.#client ??= openClient(this.#judge)
    try {
      const { agent, fetch } = await this.#client
      return await fetch(url, {
        method,
        headers: { 'user-agent': 'Posthouse', ...headers },
        ...(body === undefined ? {} : { body }),
        redirect: 'manual',
        signal,
        dispatcher: agent,
      })
    } catch (error) {
      throw toFailure(error)
    }
  }
}

type Judge = (url: URL) => Promise<string[]>

interface Client {
  agent: Agent
  fetch: typeof fetch
}

/** Loaded with the first URL: 16 MB that many servers never need. */
async function openClient(judge: Judge): Promise<Client> {
  const undici = await import('undici')
  const agent = new undici.Agent({
    connect: guardedConnector(undici.buildConnector({ timeout: 10_000 }), judge),
    maxHeaderSize: 16 * 1024,
    keepAliveTimeout: 1_000,
  })
  return { agent, fetch: undici.fetch }
}

/** Connects to an address that was judged, whatever name it has; undici's own hooks would let address literals through unseen. */
function guardedConnector(connect: buildConnector.connector, judge: Judge): buildConnector.connector {
  return (options, callback) => {
    connectToJudged(connect, judge, options).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    )
  }
}

type ConnectedSocket = NonNullable<Parameters<buildConnector.Callback>[1]>

async function connectToJudged(
  connect: buildConnector.connector,
  judge: Judge,
  options: buildConnector.Options,
): Promise<ConnectedSocket> {
  const host = options.hostname.includes(':') ? `[${options.hostname.replace(/^\[|\]$/g, '')}]` : options.hostname
  const addresses = await judge(new URL(`${options.protocol}//${host}${options.port ? `:${options.port}` : ''}`))
  let last: unknown
  for (const address of addresses) {
    try {
      return await connectTo(connect, { ...options, hostname: address, ...serverName(options) })
    } catch (error) {
      last = error
    }
  }
  throw last
}

// SNI and the certificate go by the name, and an address is no name for SNI (RFC 6066 §3).
function serverName({ servername, hostname }: buildConnector.Options): { servername?: string } {
  const name = servername || hostname
  return isIP(name.replace(/^\[|\]$/g, '')) ? {} : { servername: name }
}

function connectTo(connect: buildConnector.connector, options: buildConnector.Options): Promise<ConnectedSocket> {
  return new Promise((resolve, reject) => {
    connect(options, (error, socket) => (error ? reject(error) : resolve(socket as ConnectedSocket)))
  })
}

function follow(from: URL, location: string): URL {
  if (!URL.canParse(location, from)) throw new Failure('fetch_failed', 'The URL redirects to nowhere')
  return parseDestination(new URL(location, from).href)
}

async function read(
  response: Awaited<ReturnType<typeof fetch>>,
  { maxBytes, excess }: GuardedRequest,
): Promise<Omit<GuardedResponse, 'url'>> {
  const chunks: Uint8Array[] = []
  let left = maxBytes
  try {
    for await (const chunk of response.body ?? []) {
      const bytes = chunk as Uint8Array
      if (bytes.length > left && excess === 'refuse')
        throw new Failure('too_large', `The file has more than ${maxBytes} bytes`)
      chunks.push(bytes.subarray(0, left))
      left -= Math.min(left, bytes.length)
      if (left === 0 && excess === 'cut') break
    }
  } catch (error) {
    if (excess === 'refuse') throw toFailure(error)
  }
  return { status: response.status, headers: response.headers as Headers, body: Buffer.concat(chunks) }
}

/** The refusal inside what undici made of it; anything else is one and the same failure, or this would be a port scanner. */
function toFailure(error: unknown): Failure {
  for (let e: unknown = error; e instanceof Error; e = e.cause) if (e instanceof Failure) return e
  return new Failure('fetch_failed', 'The URL could not be fetched', { cause: error })
}
