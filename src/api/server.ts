import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { App } from '../core/app.ts'
import { ClientMemory } from './client-memory.ts'
import { createHandler, dialects, newRequestId } from './handler.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { SocketServer } from './sockets/socket-server.ts'

/** How long running requests may take to end at shutdown. */
const DRAIN_MS = 5_000
const SWEEP_MS = 50

export interface HttpServerOptions {
  metrics?: Metrics
  /** What slow clients may make us keep in memory. */
  maxHeldBytes?: number
}

/** The HTTP listener. Disposing of it stops listening, lets running requests end, and closes every kept-alive connection. */
export class HttpServer implements AsyncDisposable {
  readonly #app: App
  readonly #server: Server

  constructor(app: App, { metrics = createMetrics(), maxHeldBytes }: HttpServerOptions = {}) {
    this.#app = app
    const handler = createHandler(app, { metrics })
    const serve = getRequestListener(handler, { errorHandler: refuseTarget })
    const memory = new ClientMemory(app, { maxBytes: maxHeldBytes })
    const listener = oneAtATime((incoming, outgoing) => {
      memory.watch(incoming, outgoing)
      return serve(incoming, outgoing)
    })
    const timeouts = { requestTimeout: 300_000, headersTimeout: 30_000, keepAliveTimeout: 65_000 }
    this.#server = createServer({ ...timeouts, shouldUpgradeCallback: asksForSocket }, listener)
    const sockets = new SocketServer(app, dialects, metrics)
    this.#server.on('upgrade', (request, stream, head) => void sockets.upgrade(request, stream, head))
  }

  /** Resolves with the port, which matters when 0 asked for any. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve(this.port)
      })
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    // Who waits for news is answered now, and asks another server.
    await this.#app.feed[Symbol.asyncDispose]()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // A connection whose request ends now becomes idle only later, and would be kept alive for a minute.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_MS)
    const giveUp = setTimeout(() => this.#server.closeAllConnections(), DRAIN_MS)
    await closed
    clearInterval(sweep)
    clearTimeout(giveUp)
  }
}

// Anything else, like h2c, is answered as if it had not been asked for (RFC 9110 §7.8).
function asksForSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

// Thrown before there is a request to hand over: its target and Host make no URL.
function refuseTarget(): Response {
  const requestId = newRequestId()
  const body = { name: 'ValidationError', code: 'validation_error', message: 'The request has no valid URL' }
  const headers = { 'x-request-id': requestId, 'cache-control': 'no-store' }
  return Response.json({ ...body, errors: [], request_id: requestId }, { status: 400, headers })
}
