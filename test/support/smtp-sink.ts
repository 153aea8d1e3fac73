import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { selfSigned } from '../../src/transport/smtp-server/self-signed.ts'

/** Where in a session the sink can be told to do something else. `end` is the final dot. */
export type Stage =
  | 'connect'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'end'
  | 'rset'
  | 'quit'

/**
 * A reply without its line end, or what is worse. `break-tls` says 220 and then speaks no TLS; `take-and-close` keeps the mail and goes
 * away before the answer.
 */
export type Behaviour = string | 'close' | 'silence' | 'break-tls' | 'take-and-close'

/** Undefined: as a good server would. `argument` is what stands behind the verb (at `end`, the recipients), `count` how often this stage came before, over all sessions. */
export type Script = Partial<Record<Stage, Behaviour | ((argument: string, count: number) => Behaviour | undefined)>>

export interface SunkMail {
  mailFrom: string
  recipients: string[]
  /** Behind MAIL FROM and RCPT TO. */
  mailParameters: string
  /** After dot-unstuffing. */
  raw: Buffer
  /** As it came over the wire, without the final dot. */
  wire: Buffer
  tls: boolean
  user: string | null
  /** Which connection, from 0 on. */
  session: number
}

export interface SinkOptions {
  script?: Script
  /** Keywords of EHLO; STARTTLS is one of them only when named. */
  extensions?: string[]
  /** Where it listens. */
  host?: string
  /** TLS from the first byte. */
  implicitTls?: boolean
  /** Who may sign in: user to password. */
  users?: Record<string, string>
}

export const sinkCertificate = selfSigned('sink.example', Date.now())
const secureContext = createSecureContext(sinkCertificate)

/** A server that takes any mail and remembers everything, or fails in the way it was told to. */
export class SmtpSink implements AsyncDisposable {
  readonly mails: SunkMail[] = []
  /** Every line that came, message bytes aside, as `0 EHLO name`: the number of the connection and the line. */
  readonly commands: string[] = []
  readonly options: Required<SinkOptions>
  connections = 0
  /** At this moment, and at most. */
  open = 0
  mostOpen = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #counts = new Map<Stage, number>()

  private constructor(options: SinkOptions) {
    this.options = {
      script: {},
      extensions: ['PIPELINING', 'SIZE 10000000', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES'],
      host: '127.0.0.1',
      implicitTls: false,
      users: {},
      ...options,
    }
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  static async start(options: SinkOptions = {}, port = 0): Promise<SmtpSink> {
    const sink = new SmtpSink(options)
    await new Promise<void>((resolve, reject) => {
      sink.#server.once('error', reject).listen(port, sink.options.host, resolve)
    })
    return sink
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts every connection there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  /** What the script says to this, once. */
  behaviour(stage: Stage, argument: string): Behaviour | undefined {
    const count = this.#counts.get(stage) ?? 0
    this.#counts.set(stage, count + 1)
    const told = this.options.script[stage]
    return typeof told === 'function' ? told(argument, count) : told
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    this.open++
    this.mostOpen = Math.max(this.mostOpen, this.open)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.open--
    })
    const session = new SinkSession(this, this.connections++)
    if (this.options.implicitTls) session.encrypt(socket)
    else session.serve(socket)
    session.greet()
  }
}

class SinkSession {
  readonly #sink: SmtpSink
  readonly #id: number
  #socket: Socket | undefined
  #pending: Buffer = Buffer.alloc(0)
  #inData = false
  #dead = false
  #tls = false
  #user: string | null = null
  #mailFrom: string | null = null
  #mailParameters = ''
  #recipients: string[] = []

  constructor(sink: SmtpSink, id: number) {
    this.#sink = sink
    this.#id = id
  }

  greet(): void {
    this.#answer('connect', '', () => '220 sink.example ESMTP')
  }

  serve(socket: Socket): void {
    this.#socket = socket
    this.#pending = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      this.#pending = Buffer.concat([this.#pending, chunk])
      this.#work()
    })
  }

  encrypt(socket: Socket): void {
    this.#tls = true
    const secure = new TLSSocket(socket, { isServer: true, secureContext })
    secure.on('error', () => socket.destroy())
    this.serve(secure)
  }

  #work(): void {
    while (!this.#dead) {
      if (this.#inData) {
        if (!this.#takeMessage()) return
        continue
      }
      const end = this.#pending.indexOf('\r\n')
      if (end < 0) return
      const line = this.#pending.toString('utf8', 0, end)
      this.#pending = this.#pending.subarray(end + 2)
      this.#command(line)
    }
  }

  #takeMessage(): boolean {
    const whole = this.#pending.indexOf('.\r\n') === 0
    const end = whole ? -2 : this.#pending.indexOf('\r\n.\r\n')
    if (!whole && end < 0) return false
    const wire = Buffer.from(this.#pending.subarray(0, end + 2))
    this.#pending = this.#pending.subarray(end + 5)
    this.#inData = false
    this.#answer('end', this.#recipients.join(), () => {
      this.#sink.mails.push({
        mailFrom: this.#mailFrom ?? '',
        recipients: this.#recipients,
        mailParameters: this.#mailParameters,
        raw: Buffer.from(wire.toString('latin1').replace(/(^|\r\n)\./g, '$1'), 'latin1'),
        wire,
        tls: this.#tls,
        user: this.#user,
        session: this.#id,
      })
      return '250 2.0.0 Ok: taken'
    })
    this.#reset()
    return true
  }

  #command(line: string): void {
    this.#sink.commands.push(`${this.#id} ${line}`)
    const [verb = '', argument = ''] = line.split(/ (.*)/s)
    const commands: Record<string, () => void> = {
      EHLO: () => this.#answer('ehlo', argument, () => this.#offers()),
      HELO: () => this.#answer('helo', argument, () => '250 sink.example'),
      STARTTLS: () => this.#startTls(),
      AUTH: () => this.#answer('auth', argument, () => this.#signIn(argument)),
      MAIL: () => this.#answer('mail', argument, () => this.#mail(argument)),
      RCPT: () => this.#answer('rcpt', argument, () => this.#rcpt(argument)),
      DATA: () => this.#answer('data', argument, () => this.#data()),
      RSET: () => {
        this.#reset()
        this.#answer('rset', '', () => '250 2.0.0 Ok')
      },
      QUIT: () => {
        this.#answer('quit', '', () => '221 2.0.0 Bye')
        this.#socket?.end()
      },
    }
    const command = commands[verb.toUpperCase()]
    if (command) command()
    else this.#write('500 5.5.1 What?')
  }

  #offers(): string {
    const { extensions } = this.#sink.options
    const all = ['sink.example', ...(this.#tls ? extensions.filter((e) => e !== 'STARTTLS') : extensions)]
    return all.map((e, i) => `250${i < all.length - 1 ? '-' : ' '}${e}`).join('\r\n')
  }

  #data(): string {
    if (this.#recipients.length === 0) return '554 5.5.1 No recipients'
    this.#inData = true
    return '354 Go on'
  }

  #answer(stage: Stage, argument: string, good: () => string): void {
    this.#respond(this.#sink.behaviour(stage, argument), good)
  }

  /** False when nothing was said. */
  #respond(told: Behaviour | undefined, good: () => string): boolean {
    const closes = told === 'close' || told === 'take-and-close'
    this.#dead = closes || told === 'silence'
    if (told === 'take-and-close') good()
    if (closes) this.#socket?.destroy()
    if (!this.#dead) this.#write(told ?? good())
    return !this.#dead
  }

  #startTls(): void {
    const told = this.#sink.behaviour('starttls', '')
    const socket = this.#socket
    if (!socket || !this.#respond(told === 'break-tls' ? undefined : told, () => '220 2.0.0 Go on')) return
    if (told !== undefined && told !== 'break-tls') return
    socket.removeAllListeners('data')
    if (told === 'break-tls') socket.once('data', () => socket.end('no TLS here\r\n'))
    else this.encrypt(socket)
  }

  #signIn(argument: string): string {
    const [, response = ''] = /^PLAIN (\S+)$/i.exec(argument) ?? []
    const [, user = '', password] = Buffer.from(response, 'base64').toString().split('\0')
    if (password === undefined || this.#sink.options.users[user] !== password) return '535 5.7.8 Wrong'
    this.#user = user
    return '235 2.7.0 Welcome'
  }

  #mail(argument: string): string {
    const [, path = '', parameters = ''] = /^FROM:<([^>]*)> ?(.*)$/i.exec(argument) ?? []
    this.#mailFrom = path
    this.#mailParameters = parameters
    return '250 2.1.0 Ok'
  }

  #rcpt(argument: string): string {
    if (this.#mailFrom === null) return '503 5.5.1 MAIL first'
    this.#recipients.push(/^TO:<([^>]*)>/i.exec(argument)?.[1] ?? '')
    return '250 2.1.5 Ok'
  }

  #reset(): void {
    this.#mailFrom = null
    this.#recipients = []
    this.#mailParameters = ''
  }

  #write(text: string): void {
    this.#socket?.write(`${text}\r\n`)
  }
}
