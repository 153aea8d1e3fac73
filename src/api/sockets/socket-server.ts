import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocketServer } from 'ws'
import type { Caller } from '../../core/accounts/caller.ts'
import { concernsKey } from '../../core/accounts/key-watch.ts'
import type { App } from '../../core/app.ts'
import { Failure } from '../../core/errors.ts'
import type { LoggedEvent } from '../../core/events/model.ts'
import type { Dialect } from '../dialect.ts'
import { newRequestId } from '../handler.ts'
import type { Metrics } from '../metrics.ts'
import { asRefusal, HttpRefusal, type RefusalReply, refusalHeaders } from '../refusal.ts'
import { OpenSocket } from './open-socket.ts'

const PING_MS = 30_000
/** How long a client that was sent away may keep its end of the connection open. */
const LINGER_MS = 5_000
/** Of one message of a client. */
const MAX_BYTES = 256 * 1024
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

type Speaking = Dialect & Required<Pick<Dialect, 'socket'>>

interface Door {
  dialect: Speaking
  serve(socket: OpenSocket): void
}

interface Guest {
  socket: OpenSocket
  authenticate(): Promise<Caller>
  cancelExpiry(): void
}

async function openServer(): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws')
  return new WebSocketServer({ noServer: true, maxPayload: MAX_BYTES, clientTracking: false })
}

/**
 * The WebSockets of all dialects: lets them in by their keys, asks whether they are alive, and shows them out at once when their key
 * ends, on whichever node that was done.
 */
export class SocketServer {
  readonly #app: App
  readonly #metrics: Metrics
  readonly #doors: Map<string, Door>
  /** Made for the first guest: a server that nobody listens to does without. */
  #server: Promise<WebSocketServer> | undefined
  readonly #guests = new Set<Guest>()
  #entering = 0
  #listening: Promise<() => void> | undefined
  #cancelPing = () => {}

  constructor(app: App, dialects: readonly Dialect[], metrics: Metrics) {
    this.#app = app
    this.#metrics = metrics
    const speaking = dialects.filter((dialect): dialect is Speaking => dialect.socket !== undefined)
    const doors = speaking.flatMap((dialect) => {
      const door: Door = { dialect, serve: dialect.socket.open(app) }
      return dialect.prefixes.map((prefix) => [prefix, door] as const)
    })
    this.#doors = new Map(doors)
  }

  /** Answers an upgrade request: with a socket, or with a refusal in the words of the dialect. */
  async upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    // A peer that goes away here is nobody's bug.
    stream.on('error', () => {})
    const started = performance.now()
    const requestId = newRequestId()
    const door = this.#doorOf(request)
    const seen = { method: 'GET', dialect: door?.dialect.name ?? 'none', route: door ? '/' : 'none' }
    const status = door ? await this.#letIn(door, request, stream, head, requestId) : refuse(stream, nothingHere)
    this.#metrics.observeRequest({ ...seen, status, seconds: (performance.now() - started) / 1000 })
    // Never the URL: it holds the key.
    this.#app.log.debug({ ...seen, status, requestId }, 'upgrade')
  }

  #doorOf({ url = '' }: IncomingMessage): Door | undefined {
    const [path = ''] = url.split('?')
    return this.#doors.get(path.replace(/\/$/, ''))
  }

  async #letIn(
    door: Door,
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    requestId: string,
  ): Promise<101 | number> {
    const { dialect } = door
    this.#entering++
    try {
      // First, so that a key that ends from here on is heard of.
      await this.#listen()
      const asked = toRequest(request)
      const authenticate = () => dialect.socket.authenticate(this.#app, asked)
      const caller = await authenticate()
      this.#server ??= openServer()
      const server = await this.#server
      server.handleUpgrade(request, stream, head, (opened) => {
        const socket = new OpenSocket(opened, caller)
        this.#welcome({ socket, authenticate, cancelExpiry: () => {} })
        door.serve(socket)
      })
      return 101
    } catch (error) {
      const refusal = asRefusal(error)
      if (refusal.code === 'internal') this.#app.log.error({ err: error, requestId }, 'an upgrade failed')
      const reply = dialect.toReply(refusal, requestId)
      return refuse(stream, { ...reply, headers: { ...refusalHeaders(refusal), ...reply.headers } })
    } finally {
      this.#entering--
      this.#restWhenEmpty()
    }
  }

  #welcome(guest: Guest): void {
    const { socket } = guest
    this.#guests.add(guest)
    if (this.#guests.size === 1) this.#pingLater()
    this.#watchExpiry(guest)
    socket.closed.addEventListener('abort', () => {
      this.#guests.delete(guest)
      guest.cancelExpiry()
      this.#restWhenEmpty()
    })
    // It may have ended between the look at the key and now.
    this.#checkAgain(guest).catch((err) => this.#app.log.error({ err }, 'a key could not be checked again'))
  }

  #watchExpiry(guest: Guest): void {
    guest.cancelExpiry()
    const { expiresAt } = guest.socket.caller
    if (expiresAt === null) return
    guest.cancelExpiry = this.#app.clock.at(expiresAt, () => sayGoodbye(guest))
  }

  async #listen(): Promise<void> {
    this.#listening ??= this.#app.feed.join({ take: (events) => this.#take(events), end: () => this.#end() })
    const listening = this.#listening
    try {
      await listening
    } catch (error) {
      if (this.#listening === listening) this.#listening = undefined
      throw error
    }
  }

  #restWhenEmpty(): void {
    if (this.#guests.size + this.#entering > 0) return
    this.#cancelPing()
    this.#listening?.then(
      (leave) => leave(),
      () => {},
    )
    this.#listening = undefined
  }

  async #take(events: readonly LoggedEvent[]): Promise<void> {
    for (const event of events) {
      for (const guest of [...this.#guests]) if (concernsKey(event, guest.socket.caller)) await this.#checkAgain(guest)
    }
  }

  /** Asks again who it is. Throws when nobody can tell. */
  async #checkAgain(guest: Guest): Promise<void> {
    try {
      guest.socket.caller = await guest.authenticate()
      this.#watchExpiry(guest)
    } catch (error) {
      if (!(error instanceof Failure) || error.code === 'unavailable') throw error
      sayGoodbye(guest)
    }
  }

  #pingLater(): void {
    this.#cancelPing = this.#app.clock.at(this.#app.clock.now() + PING_MS, () => {
      for (const { socket } of this.#guests) socket.ping()
      if (this.#guests.size > 0) this.#pingLater()
    })
  }

  #end(): void {
    for (const { socket } of this.#guests) socket.close(GOING_AWAY, 'The server is stopping')
  }
}

function sayGoodbye({ socket }: Guest): void {
  socket.close(POLICY_VIOLATION, 'The API key is not valid any more')
}

function toRequest({ url = '', headers }: IncomingMessage): Request {
  const given = Object.entries(headers).filter(([, value]) => typeof value === 'string') as [string, string][]
  // The host is nobody's concern here, and may be anything.
  if (!URL.canParse(url, 'http://host')) throw new HttpRefusal('no_route', 'The request has no valid URL')
  return new Request(new URL(url, 'http://host'), { headers: given })
}

const nothingHere: RefusalReply = { status: 404, body: { error: 'There is no socket at this path' } }

function refuse(stream: Duplex, { status, body, headers = {} }: RefusalReply): number {
  const text = JSON.stringify(body)
  const all = {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`)
  letGo(stream)
  return status
}

// The HTTP server does not know this connection any more: nobody else would read what still comes, or see that it never ends.
function letGo(stream: Duplex): void {
  const giveUp = setTimeout(() => stream.destroy(), LINGER_MS)
  stream.once('close', () => clearTimeout(giveUp))
  stream.resume()
}
