import { once } from 'node:events'
import { type Agent, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { type S3Credentials, S3Signer } from './s3-signature.ts'

/** Where the client of the provider sends its requests. */
export interface S3Target {
  protocol: string
  hostname: string
  port?: number | undefined
}

export interface SmallObject {
  /** Bucket and key, as the client writes them. */
  path: string
  body: Buffer
  sha256: string
}

/** Beyond these a request is little beside its bytes. */
const MAX_BYTES = 1024 * 1024
const PLAIN_PATH = /^\/[A-Za-z0-9._/-]+$/

/**
 * The short way for small objects. Of a mail of 5 kB the provider's client takes more time of the processor than parsing and judging
 * it. So what it would send for a plain upload is sent without its twenty steps, over its own connections. It knows best where to, so it
 * goes first; and whatever does not end with a plain yes is its business again, with its retries and its words for what went wrong.
 */
export class ShortWay {
  readonly #signer: S3Signer
  readonly #agents: { http: Agent; https: Agent }
  #target: S3Target | undefined
  #closed = false

  constructor(region: string, agents: { http: Agent; https: Agent }) {
    this.#signer = new S3Signer(region)
    this.#agents = agents
  }

  /** An upload of the client went well: this is where it went. */
  learn(target: S3Target): void {
    this.#target = target
  }

  /** What was refused here was taken from the client: its requests say something that ours do not. */
  close(): void {
    this.#closed = true
  }

  open({ path, body }: SmallObject): boolean {
    return this.#target !== undefined && !this.#closed && body.length <= MAX_BYTES && PLAIN_PATH.test(path)
  }

  /** Only when it is `there` is nothing left to do. */
  async put(
    object: SmallObject,
    credentials: S3Credentials,
    { now, signal, timeoutMs }: { now: number; signal: AbortSignal; timeoutMs: number },
  ): Promise<'there' | 'refused' | 'failed'> {
    const target = this.#target
    // The client finds out what it is.
    const status = target && (await this.#send(target, object, credentials, { now, signal, timeoutMs }).catch(() => 0))
    if (status === 200) return 'there'
    this.#target = undefined
    return status === 400 || status === 403 ? 'refused' : 'failed'
  }

  async #send(
    { protocol, hostname, port }: S3Target,
    { path, body, sha256 }: SmallObject,
    credentials: S3Credentials,
    { now, signal, timeoutMs }: { now: number; signal: AbortSignal; timeoutMs: number },
  ): Promise<number> {
    const secure = protocol === 'https:'
    const host = port === undefined ? hostname : `${hostname}:${port}`
    const signed = this.#signer.sign({ method: 'PUT', host, path, sha256 }, credentials, now)
    const headers = { ...signed, 'content-type': 'application/octet-stream', 'content-length': body.length }
    const agent = secure ? this.#agents.https : this.#agents.http
    const options = { method: 'PUT', hostname, port, path, headers, agent, signal }
    const request = secure ? requestSecure(options) : requestPlain(options)
    // What breaks after the head of the answer is told by the answer.
    request.on('error', () => {})
    const timer = setTimeout(() => request.destroy(new Error('No answer')), timeoutMs)
    try {
      request.end(body)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'end')
      return response.statusCode ?? 0
    } finally {
      clearTimeout(timer)
    }
  }
}
