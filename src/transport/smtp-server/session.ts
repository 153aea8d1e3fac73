import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { App } from '../../core/app.ts'
import type { Login } from '../../core/submission/login.ts'
import { parseCommandLine } from '../../protocol/smtp/command-line.ts'
import { formatReply, type SmtpReply } from '../../protocol/smtp/reply.ts'
import type { ByteBudget } from './byte-budget.ts'
import { toReply } from './errors.ts'
import { Patience } from './patience.ts'
import { Refusal, reply } from './refusal.ts'
import type { Service } from './service.ts'
import { SessionEnded } from './session-ended.ts'
import type { SlowLane } from './slow-lane.ts'
import { type Line, SocketInput } from './socket-input.ts'
import type { Spool, SpoolFolder } from './spool.ts'
import type { Transaction } from './transaction.ts'

/** With the line end. Longer than RFC 5321 §4.5.3.1.4 asks, for long addresses with many parameters. */
const MAX_LINE_BYTES = 1000
/** RFC 5321 §4.5.3.2.7. For a whole line, so that a byte now and then does not hold a connection for ever. */
const COMMAND_TIMEOUT_MS = 5 * 60_000
const BLOCK_TIMEOUT_MS = 3 * 60_000
const LINGER_MS = 5_000
const MAX_UNSENT = 8_192
/** Enough for the slowest way through TLS, and short enough that hanging in it fills no house. */
const HANDSHAKE_TIMEOUT_MS = 60_000

/** What all sessions of a server share. */
export interface SessionSurroundings {
  app: App
  service: Service
  budget: ByteBudget
  spoolFolder: SpoolFolder
  secureContext: SecureContext
  slowLane: SlowLane
  idleTalk: number
}

/** One client from greeting to farewell: reads its commands one after the other and writes the replies. */
export class Session {
  readonly app: App
  readonly service: Service
  readonly budget: ByteBudget
  readonly remoteAddress: string
  readonly patience: Patience
  /** What the client calls itself; null until EHLO. */
  helo: string | null = null
  /** Protocol and cipher; null in the clear. */
  tls: string | null = null
  transaction: Transaction | null = null
  /** Whose mail the client may send; null until AUTH. */
  login: Login | null = null
  /** The reply to this command is the last. */
  ending = false
  readonly #surroundings: SessionSurroundings
  readonly #input: SocketInput
  #socket: Socket
  #unsent = ''
  #idle = false
  #draining = false
  #farewell: SmtpReply | undefined

  constructor(surroundings: SessionSurroundings, socket: Socket, remoteAddress: string) {
    this.app = surroundings.app
    this.service = surroundings.service
    this.budget = surroundings.budget
    this.remoteAddress = remoteAddress
    const { slowLane, idleTalk } = surroundings
    this.patience = new Patience({ clock: this.app.clock, slowLane, idleTalk })
    this.#surroundings = surroundings
    this.#socket = socket
    this.#input = new SocketInput(socket)
  }

  /** Serves the client until one of the two has enough. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#write(reply(220, null, `${this.app.settings.mailHost} ESMTP Posthouse`))
      while (!this.ending) await this.#serveCommand()
    } catch (error) {
      if (!(error instanceof SessionEnded)) this.app.log.error({ err: error }, 'an SMTP session failed')
    } finally {
      await this.#leave()
    }
  }

  /** Lets the client finish what it is at, and sends it away. */
  drain(): void {
    this.#draining = true
    if (this.#idle) this.#giveUp(shuttingDown)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  spool(): Spool {
    return this.#surroundings.spoolFolder.spool()
  }

  /** For replies that a command gives before its last. */
  async send(answer: SmtpReply): Promise<void> {
    this.#write(answer)
    await this.#flush()
  }

  /** The next bytes of a message, which must be there before `until`. */
  async readChunk(until: number): Promise<Buffer> {
    const deadline = Math.min(until, this.app.clock.now() + BLOCK_TIMEOUT_MS)
    for (;;) {
      const bytes = this.#input.takeAll()
      if (bytes) return bytes
      await this.#more(deadline)
    }
  }

  /** A line that is no command, behind a reply that asked for it. */
  async readLine(): Promise<Buffer> {
    const line = await this.#nextLine()
    if (line.kind === 'too-long') throw new Refusal(500, '5.5.6', 'The line is too long')
    return line.bytes
  }

  unread(bytes: Buffer): void {
    this.#input.unread(bytes)
  }

  /** To be thrown: ends the session with this as its last words. */
  end(farewell: SmtpReply): SessionEnded {
    this.#farewell = farewell
    return new SessionEnded()
  }

  /** RFC 3207 §4.2: nothing that was said or sent in the clear counts behind the handshake. */
  async encrypt(goAhead: SmtpReply): Promise<void> {
    await this.send(goAhead)
    this.#input.detach()
    const { secureContext } = this.#surroundings
    const secure = new TLSSocket(this.#socket, { isServer: true, secureContext })
    this.#socket = secure
    secure.on('error', (error) => this.app.log.debug({ err: error }, 'a TLS connection of an SMTP client failed'))
    await this.#handshake(secure)
    this.#input.attach(secure)
    this.tls = [secure.getProtocol(), secure.getCipher().standardName].join(' ')
    this.helo = null
    this.transaction = null
  }

  async #serveCommand(): Promise<void> {
    const line = await this.#nextLine()
    const turn = this.patience.turn()
    if (turn) await this.#waitFor(turn)
    const answer = await this.#answer(line)
    if (answer) {
      this.#write(answer)
      this.#endIf(this.patience.judge(answer))
    }
    if (this.#unsent.length > MAX_UNSENT) {
      await this.#flush()
      await setImmediate()
    }
  }

  async #waitFor(turn: Promise<void>): Promise<void> {
    await turn
    // Nobody is there any more to hear the replies.
    if (this.#socket.destroyed) throw new SessionEnded()
  }

  #endIf(farewell: SmtpReply | undefined): void {
    if (farewell) throw this.end(farewell)
  }

  async #nextLine(): Promise<Line> {
    if (this.#draining) throw this.end(shuttingDown)
    const deadline = this.app.clock.now() + COMMAND_TIMEOUT_MS
    for (;;) {
      const line = this.#input.takeLine(MAX_LINE_BYTES)
      if (line) return line
      this.#idle = true
      await this.#more(deadline)
      this.#idle = false
    }
  }

  async #answer(line: Line): Promise<SmtpReply | null> {
    let verb: string | undefined
    try {
      if (line.kind === 'too-long') throw new Refusal(500, '5.5.2', 'The line is too long')
      const command = parseCommandLine(line.bytes)
      verb = command.verb
      this.#endIf(this.patience.hear(verb))
      if (/^(GET|POST|PUT|HEAD|OPTIONS|CONNECT)$/.test(verb)) throw this.end(reply(421, '4.7.0', 'This is not HTTP'))
      const run = this.service.commands.get(verb)
      if (!run) throw new Refusal(500, '5.5.1', 'This command is not known')
      return await run(this, command.argument)
    } catch (error) {
      if (error instanceof SessionEnded) throw error
      return toReply(this.app, error, { verb, remoteAddress: this.remoteAddress })
    }
  }

  async #more(deadline: number): Promise<void> {
    await this.#flush()
    const cancel = this.app.clock.at(deadline, () => this.#giveUp(reply(421, '4.4.2', 'Waited too long')))
    try {
      if (!(await this.#input.more())) throw new SessionEnded()
    } finally {
      cancel()
    }
  }

  #giveUp(farewell: SmtpReply): void {
    this.#farewell = farewell
    this.#input.close()
  }

  #write(answer: SmtpReply): void {
    this.#unsent += formatReply(answer)
  }

  // RFC 2920 §3.2: the replies to commands that came together go together.
  async #flush(): Promise<void> {
    if (this.#unsent === '') return
    const text = this.#unsent
    this.#unsent = ''
    if (this.#socket.write(text) || this.#socket.destroyed) return
    const socket = this.#socket
    const cancel = this.app.clock.at(this.app.clock.now() + BLOCK_TIMEOUT_MS, () => socket.destroy())
    await new Promise<void>((resolve) => socket.once('drain', resolve).once('close', resolve))
    cancel()
  }

  async #handshake(secure: TLSSocket): Promise<void> {
    const until = this.app.clock.now() + HANDSHAKE_TIMEOUT_MS
    const cancel = this.app.clock.at(until, () => secure.destroy())
    const gaveUp = () => secure.destroy()
    secure.once('end', gaveUp)
    await new Promise<void>((resolve) => secure.once('secure', resolve).once('close', resolve))
    secure.off('end', gaveUp)
    cancel()
    if (secure.destroyed) throw new SessionEnded()
  }

  // A socket closed with unread input in it is reset, and the client never sees the last reply; so what still comes is read and dropped.
  async #leave(): Promise<void> {
    if (this.#farewell) this.#write(this.#farewell)
    this.#input.detach()
    const socket = this.#socket
    if (socket.destroyed) return
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.resume()
    socket.end(this.#unsent)
    const cancel = this.app.clock.at(this.app.clock.now() + LINGER_MS, () => socket.destroy())
    await closed
    cancel()
  }
}

const shuttingDown = reply(421, '4.3.2', 'Shutting down: come back soon')
