import type { ConnectionOptions } from 'node:tls'
import { noExtensions, readExtensions, type SmtpExtensions } from '../../protocol/smtp/extensions.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { replyText } from '../../protocol/smtp/reply-reader.ts'
import { type Login, signIn } from './auth.ts'
import { SmtpError, type SmtpStage } from './smtp-error.ts'
import { SmtpWire } from './smtp-wire.ts'
import type { SmtpTimeouts } from './timeouts.ts'

/**
 * `clear`: never. `opportunistic`: STARTTLS where it is offered, whatever the certificate (RFC 7435). `verified`: STARTTLS with a
 * certificate for the host, or nothing. `implicit`: TLS from the first byte, with such a certificate (RFC 8314 §3.3).
 */
export type TlsMode = 'clear' | 'opportunistic' | 'verified' | 'implicit'

export interface SmtpPeer {
  /** Its name: what its certificate must be for. */
  host: string
  address: string
  port: number
}

export interface SmtpOptions {
  /** Our name in EHLO. */
  helo: string
  tls: TlsMode
  /** Nobody between us and the server listens or pretends: any certificate will do, and a password may go to one without TLS. */
  trusted?: boolean
  login?: Login | undefined
  timeouts: SmtpTimeouts
  /** No answer is waited for beyond this time (epoch ms). */
  deadline?: number
  /** Cuts the session off, whatever it is at. */
  signal?: AbortSignal
  /** Added to every TLS handshake: certificate authorities, for tests. */
  tlsOptions?: ConnectionOptions | undefined
}

/** A session with a server, ready for transactions: greeted, encrypted as asked for, its extensions known. */
export class SmtpConnection {
  readonly peer: SmtpPeer
  readonly extensions: SmtpExtensions
  /** True when the rest is encrypted. */
  readonly encrypted: boolean
  /** How many transactions it has carried. */
  transactions = 0
  readonly #wire: SmtpWire
  readonly #timeouts: SmtpTimeouts
  /** No answer is waited for beyond this time (epoch ms), except the one to the last dot. */
  deadline: number

  private constructor(wire: SmtpWire, peer: SmtpPeer, options: SmtpOptions, found: Found) {
    this.#wire = wire
    this.peer = peer
    this.#timeouts = options.timeouts
    this.deadline = options.deadline ?? Number.POSITIVE_INFINITY
    this.extensions = found.extensions
    this.encrypted = found.encrypted
  }

  /** Throws `SmtpError` for whatever comes between us and a session. */
  static async open(peer: SmtpPeer, options: SmtpOptions): Promise<SmtpConnection> {
    const deadline = options.deadline ?? Number.POSITIVE_INFINITY
    const connectMs = waitFor('connect', options.timeouts, deadline)
    const wire = await SmtpWire.connect(peer.address, peer.port, connectMs, options.signal)
    try {
      const connection = new SmtpConnection(wire, peer, options, await greet(wire, peer, { ...options, deadline }))
      if (options.login) await connection.#signIn(options.login, options.trusted ?? false)
      return connection
    } catch (error) {
      wire.quit()
      throw error
    }
  }

  /** True when another transaction may be tried. */
  get usable(): boolean {
    return this.#wire.healthy
  }

  /** True when the server has spoken before it was asked. */
  get interrupted(): boolean {
    return this.#wire.hasReply
  }

  send(line: string): void {
    this.#wire.send(line)
  }

  reply(stage: SmtpStage): Promise<SmtpReply> {
    // Giving up on the last answer would send the message twice: the deadline does not count here.
    const deadline = stage === 'end of data' ? Number.POSITIVE_INFINITY : this.deadline
    return this.#wire.reply(stage, waitFor(stage, this.#timeouts, deadline))
  }

  command(line: string, stage: SmtpStage): Promise<SmtpReply> {
    this.send(line)
    return this.reply(stage)
  }

  /** Resolves with false when the server speaks before all is out. */
  write(bytes: Buffer): Promise<boolean> {
    return this.#wire.write(bytes, waitFor('message', this.#timeouts, this.deadline))
  }

  async #signIn(login: Login, trusted: boolean): Promise<void> {
    // Where TLS is offered and did not come about, somebody may stand between us even on a network that is trusted.
    const inClear = trusted && !this.extensions.startTls
    if (!this.encrypted && !inClear)
      throw new SmtpError('untrusted', 'AUTH', `${NO_TLS}, and no password goes in the clear`)
    await signIn(this, login)
  }

  quit(): void {
    this.#wire.quit()
  }

  destroy(): void {
    this.#wire.destroy()
  }
}

const NO_TLS = 'The server does not encrypt'

interface Found {
  extensions: SmtpExtensions
  encrypted: boolean
}

function waitFor(stage: SmtpStage, timeouts: SmtpTimeouts, deadline: number): number {
  return Math.max(1, Math.min(timeouts[stage], deadline - Date.now()))
}

async function greet(wire: SmtpWire, peer: SmtpPeer, options: SmtpOptions & { deadline: number }): Promise<Found> {
  const implicit = options.tls === 'implicit'
  if (implicit) await encrypt(wire, peer, options)
  const greeting = await wire.reply('greeting', waitFor('greeting', options.timeouts, options.deadline))
  if (greeting.code !== 220) throw refusal('greeting', greeting)
  const extensions = await hello(wire, options)
  if (implicit || options.tls === 'clear') return { extensions, encrypted: implicit }
  const agreed = extensions.startTls && (await startTls(wire, options))
  if (agreed) {
    await encrypt(wire, peer, options)
    // Everything learned in the clear is void (RFC 3207 §4.2).
    return { extensions: await hello(wire, options), encrypted: true }
  }
  if (options.tls === 'verified') {
    const why = options.login ? `${NO_TLS}, and no password goes in the clear` : 'TLS is required, but not offered'
    throw new SmtpError('untrusted', 'STARTTLS', why)
  }
  return { extensions, encrypted: false }
}

async function hello(wire: SmtpWire, { helo, timeouts, deadline }: SmtpOptions): Promise<SmtpExtensions> {
  const ask = (verb: string) => {
    wire.send(`${verb} ${helo}`)
    return wire.reply('EHLO', waitFor('EHLO', timeouts, deadline ?? Number.POSITIVE_INFINITY))
  }
  const reply = await ask('EHLO')
  if (reply.code === 250) return readExtensions(reply)
  // RFC 5321 §3.2: one that does not know EHLO is asked with HELO.
  if (reply.code < 500 || reply.code === 521) throw refusal('EHLO', reply)
  const second = await ask('HELO')
  if (second.code !== 250) throw refusal('EHLO', second)
  return noExtensions
}

async function startTls(wire: SmtpWire, { timeouts, deadline }: SmtpOptions): Promise<boolean> {
  wire.send('STARTTLS')
  const reply = await wire.reply('STARTTLS', waitFor('STARTTLS', timeouts, deadline ?? Number.POSITIVE_INFINITY))
  if (reply.code === 421) throw refusal('STARTTLS', reply)
  return reply.code === 220
}

async function encrypt(wire: SmtpWire, peer: SmtpPeer, options: SmtpOptions) {
  const { tls, trusted = false, tlsOptions, timeouts, deadline } = options
  const timeoutMs = waitFor('TLS handshake', timeouts, deadline ?? Number.POSITIVE_INFINITY)
  const problem = await wire.encrypt(peer.host, tlsOptions ?? {}, timeoutMs)
  if (problem !== null && tls !== 'opportunistic' && !trusted) {
    throw new SmtpError('untrusted', 'TLS handshake', `The certificate is not accepted: ${problem}`)
  }
}

function refusal(stage: SmtpStage, reply: SmtpReply): SmtpError {
  return new SmtpError('refused', stage, replyText(reply), reply)
}
