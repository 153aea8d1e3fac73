import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { App } from '../../core/app.ts'
import { formatReply } from '../../protocol/smtp/reply.ts'
import { ByteBudget } from './byte-budget.ts'
import { type GuestLimits, Guests } from './guests.ts'
import { inbound } from './inbound.ts'
import { reply } from './refusal.ts'
import type { Service } from './service.ts'
import { Session, type SessionSurroundings } from './session.ts'
import { SlowLane } from './slow-lane.ts'
import { SpoolFolder } from './spool.ts'

/** Of messages that are read, judged and filed at once; the others wait in the spool. */
const MAX_BYTES_AT_ONCE = 128 * 1024 * 1024
/** How long a shutdown waits for messages that are on their way. */
const DRAIN_MS = 5_000

export interface SmtpServerOptions {
  /** Where large messages wait for their end; emptied at the start. */
  spoolFolder: string
  /** PEM texts. */
  tls: { cert: string; key: string }
  limits?: Partial<GuestLimits>
  /** Commands of one connection that lead to no mail, such as NOOP and RSET, in a row. */
  idleTalk?: number
  /** Absent: mail from other servers is taken in. */
  service?: Service
}

/** Speaks SMTP (RFC 5321) to everybody who connects, for the service that it is given. */
export class SmtpServer implements AsyncDisposable {
  readonly #surroundings: SessionSurroundings
  readonly #server: Server
  readonly #guests: Guests
  readonly #sessions = new Map<Session, Promise<void>>()

  constructor(app: App, { spoolFolder, tls, limits, idleTalk = 100, service = inbound }: SmtpServerOptions) {
    this.#surroundings = {
      app,
      service,
      budget: new ByteBudget(MAX_BYTES_AT_ONCE),
      spoolFolder: new SpoolFolder(spoolFolder),
      secureContext: createSecureContext({ ...tls, minVersion: 'TLSv1.2' }),
      slowLane: new SlowLane(),
      idleTalk,
    }
    this.#guests = new Guests({ total: 5_000, perHost: 100, ...limits })
    // Half open: a client that sends everything and hangs up its side still gets its replies.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#welcome(socket))
  }

  /** Resolves to the port, which is a free one for 0. */
  async listen(host: string, port: number): Promise<number> {
    await this.#surroundings.spoolFolder.prepare()
    this.#server.listen({ host, port, backlog: 1024 })
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  #welcome(socket: Socket): void {
    const { app } = this.#surroundings
    socket.on('error', (error) => app.log.debug({ err: error }, 'the connection of an SMTP client failed'))
    const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '')
    const guest = address === undefined ? undefined : this.#guests.admit(address)
    if (address === undefined || guest === undefined) sendAway(socket)
    else this.#serve(socket, address, guest)
  }

  #serve(socket: Socket, address: string, guest: Disposable): void {
    const session = new Session(this.#surroundings, socket, address)
    const done = session.run().finally(() => {
      guest[Symbol.dispose]()
      this.#sessions.delete(session)
    })
    this.#sessions.set(session, done)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#surroundings.app
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const session of this.#sessions.keys()) session.drain()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = clock.at(clock.now() + DRAIN_MS, resolve)
    await Promise.race([Promise.all([closed, ...this.#sessions.values()]), late])
    cancel()
    for (const session of this.#sessions.keys()) session.destroy()
  }
}

function sendAway(socket: Socket): void {
  socket.resume()
  socket.end(formatReply(reply(421, '4.7.0', 'Too many connections')), () => socket.destroySoon())
}
