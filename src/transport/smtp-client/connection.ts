import { isAscii } from 'node:buffer'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Consignment } from '../../core/outbound/mail-sender.ts'
import { connectionOptions, type Peer, type Timeouts } from './peer.ts'
import { type Answer, failed, impossible, readReply, refused } from './replies.ts'

type SmtpError = Parameters<NonNullable<Parameters<SMTPConnection['reset']>[0]>>[0]

/** What became of a consignment. `untouched`: nothing of the message had left us, so another connection may try. */
export interface Outcome {
  answers: Map<string, Answer>
  untouched: boolean
}

// The library knows of no message that needs SMTPUTF8 for its header alone (RFC 6531 §3.4).
class Wire extends SMTPConnection {
  needsUtf8 = false

  _sendCommand(text: string, shown?: string): void {
    const command = this.needsUtf8 && /^MAIL FROM:/.test(text) && !/ SMTPUTF8\b/.test(text) ? `${text} SMTPUTF8` : text
    const { _sendCommand } = SMTPConnection.prototype as unknown as Pick<Wire, '_sendCommand'>
    _sendCommand.call(this, command, shown)
  }
}

/** One session with a peer, ready for mail. One consignment at a time. */
export class Connection {
  readonly peer: Peer
  /** Consignments taken by this session so far. */
  used = 0
  readonly #wire: Wire
  readonly #extensions: string
  #closed = false
  /** The library says nothing more of a connection that we close. */
  #abandon = () => {}

  private constructor(peer: Peer, wire: Wire, extensions: string) {
    this.peer = peer
    this.#wire = wire
    this.#extensions = extensions
    wire.on('error', () => this.#shut())
    wire.once('end', () => {
      this.#closed = true
    })
  }

  /** Connects, greets, encrypts and signs in. Throws `ConnectFailure`. */
  static async open(peer: Peer, helo: string, timeouts: Timeouts): Promise<Connection> {
    try {
      return await Connection.#open(peer, helo, timeouts, false)
    } catch (error) {
      // Opportunistic means that a handshake that breaks is no reason to keep the mail; a password is.
      const isBroken = error instanceof ConnectFailure && error.inHandshake
      if (!isBroken || peer.tls === 'implicit' || peer.credentials) throw error
      return Connection.#open(peer, helo, timeouts, true)
    }
  }

  static async #open(peer: Peer, helo: string, timeouts: Timeouts, ignoreTLS: boolean): Promise<Connection> {
    const wire = new Wire({ ...connectionOptions(peer, helo, timeouts), ignoreTLS })
    try {
      await new Promise<void>((resolve, reject) => {
        wire.once('error', reject)
        wire.connect((error) => (error ? reject(error) : resolve()))
      })
      const extensions = String(wire.lastServerResponse || '')
      if (peer.credentials) await signIn(wire, peer.credentials)
      return new Connection(peer, wire, extensions)
    } catch (error) {
      wire.on('error', () => {})
      wire.close()
      throw new ConnectFailure(peer, error as SmtpError, wire.upgrading === true)
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  async send(consignment: Consignment): Promise<Outcome> {
    this.used++
    const needsUtf8 = needsSmtpUtf8(consignment)
    if (needsUtf8 && !this.#offers('SMTPUTF8')) {
      return all(
        consignment,
        impossible(this.peer.host, 550, '5.6.7', 'The next server cannot take addresses beyond ASCII'),
      )
    }
    this.#wire.needsUtf8 = needsUtf8
    return this.#hand(consignment)
  }

  /** Ends a transaction that did not come to its end, so that the session can be used again. */
  async reset(): Promise<void> {
    if (this.#closed) return
    await new Promise<void>((resolve) => this.#wire.reset((error) => resolve(error ? this.#shut() : undefined)))
  }

  quit(): void {
    if (!this.#closed) this.#wire.quit()
    this.#closed = true
  }

  /** At once, whatever is under way: it is answered as lost. */
  close(): void {
    this.#shut()
    this.#abandon()
  }

  #shut(): void {
    this.#closed = true
    this.#wire.close()
  }

  #offers(extension: string): boolean {
    return new RegExp(`^\\d{3}[ -]${extension}\\b`, 'im').test(this.#extensions)
  }

  #hand(consignment: Consignment): Promise<Outcome> {
    const { mailFrom, recipients, raw } = consignment
    const { host, final } = this.peer
    let untouched = true
    // A stream, because it is asked for its first byte only when the peer has said 354.
    const message = Readable.from(
      (function* () {
        untouched = false
        yield raw
      })(),
      { objectMode: false },
    )
    const envelope = { from: mailFrom || false, to: recipients, size: raw.length, use8BitMime: !isAscii(raw) } as const
    return new Promise((resolve) => {
      this.#abandon = () => resolve(all(consignment, failed(host, 'We closed the connection')))
      this.#wire.send(envelope, message, (error, info) => {
        const answers = new Map<string, Answer>()
        const refusals = error ? (error.rejectedErrors ?? []) : (info?.rejectedErrors ?? [])
        for (const refusal of refusals) {
          if (refusal.recipient) answers.set(refusal.recipient, refused(host, refusal.response ?? ''))
        }
        const rest = error
          ? toAnswer(host, error)
          : ({ result: final ? 'delivered' : 'sent', host, ...readReply(info?.response ?? '') } as const)
        for (const recipient of recipients) if (!answers.has(recipient)) answers.set(recipient, rest)
        resolve({ answers, untouched: untouched && error !== null && isLost(error) })
      })
    })
  }
}

/** The peer could not be reached, or did not let us in. */
export class ConnectFailure extends Error {
  override name = 'ConnectFailure'
  readonly answer: Answer
  /** STARTTLS was agreed on and then came to nothing. */
  readonly inHandshake: boolean

  constructor(peer: Peer, cause: SmtpError, inHandshake: boolean) {
    super('The next server could not be reached', { cause })
    this.inHandshake = inHandshake
    // Whatever it says before there is a mail is about us or about its day, not about the mail.
    this.answer = cause?.response
      ? refused(peer.host, cause.response, 'session')
      : failed(peer.host, cause?.message ?? 'no connection')
  }
}

function signIn(wire: Wire, { user, password }: NonNullable<Peer['credentials']>): Promise<void> {
  return new Promise((resolve, reject) => {
    wire.login({ user, pass: password }, (error) => (error ? reject(error) : resolve()))
  })
}

function toAnswer(host: string, error: NonNullable<SmtpError>): Answer {
  // The library knows the peer's SIZE and does not even ask (RFC 1870 §6.1).
  if (/larger than allowed/.test(error.message))
    return impossible(host, 552, '5.3.4', 'The message is too large for the next server')
  if (!error.response) return failed(host, error.message)
  return refused(host, error.response)
}

// 421 is a goodbye (RFC 5321 §3.8), as good as a cut line.
function isLost(error: NonNullable<SmtpError>): boolean {
  return !error.response || error.responseCode === 421
}

export function all({ recipients }: Consignment, answer: Answer): Outcome {
  return { answers: new Map(recipients.map((recipient) => [recipient, answer])), untouched: false }
}

function needsSmtpUtf8({ mailFrom, recipients, raw }: Consignment): boolean {
  if ([mailFrom, ...recipients].some((address) => /[^\0-\x7f]/.test(address))) return true
  const end = raw.indexOf('\r\n\r\n')
  return !isAscii(end < 0 ? raw : raw.subarray(0, end))
}
