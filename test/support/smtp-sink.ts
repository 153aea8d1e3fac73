import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { selfSigned } from '../../src/transport/smtp-server/self-signed.ts'

/** Where a session stands when the sink is asked what to say. `body`: within DATA, before the last dot. */
export type SinkStage =
  | 'connect'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'body'
  | 'end'
  | 'RSET'
  | 'QUIT'

/**
 * A reply, without its line end; or `close`, `silence`, `reset` (as `close`, but rudely), `lose` (as `close`, but the yes was meant),
 * `garbage` in the place of a TLS handshake.
 * Undefined: what a good server says.
 */
export type SinkAction = string | undefined

export interface SinkMessage {
  from: string
  to: string[]
  /** What stood behind the path in MAIL. */
  parameters: string
  raw: Buffer
  encrypted: boolean
  user: string | null
}

export interface SinkSession {
  commands: string[]
  encrypted: boolean
  servername: string | null
  /** Who has signed in. */
  user: string | null
}

/** What to say at a stage; `argument` is what came with the command, at `end` the recipients. */
export type SinkAnswer = (stage: SinkStage, argument: string, session: SinkSession) => SinkAction

export interface SinkOptions {
  address?: string
  port?: number
  /** Offers STARTTLS with it. */
  tls?: { cert: string; key: string }
  /** TLS from the first byte instead. */
  implicitTls?: boolean
  extensions?: string[]
  /** Who may sign in: user to password. */
  users?: Record<string, string>
  answer?: SinkAnswer
}

/** A certificate that nobody has signed. */
export const sinkCertificate = selfSigned('sink.example', Date.now())

type Told = SinkAction | ((argument: string, count: number) => SinkAction)

/** Answers stage by stage; `count` is how often a stage came before, over all sessions. */
export function scripted(script: Partial<Record<SinkStage, Told>>): SinkAnswer {
  const counts = new Map<SinkStage, number>()
  return (stage, argument) => {
    const count = counts.get(stage) ?? 0
    counts.set(stage, count + 1)
    const told = script[stage]
    return typeof told === 'function' ? told(argument, count) : told
  }
}

/** A server that takes any mail, remembers it, and can be told to answer anything. */
export class SmtpSink implements AsyncDisposable {
  readonly messages: SinkMessage[] = []
  readonly sessions: SinkSession[] = []
  answer: SinkAnswer
  port = 0
  /** The most sessions there were at once. */
  peak = 0
  readonly options: SinkOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(options: SinkOptions) {
    this.options = options
    this.answer = options.answer ?? (() => undefined)
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      this.peak = Math.max(this.peak, this.#sockets.size)
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
      new Session(this, socket).start()
    })
  }

  static async listen(options: SinkOptions = {}): Promise<SmtpSink> {
    const sink = new SmtpSink(options)
    await new Promise<void>((resolve, reject) => {
      sink.#server.once('error', reject)
      sink.#server.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve)
    })
    sink.port = (sink.#server.address() as AddressInfo).port
    return sink
  }

  /** Sessions that are open now. */
  get open(): number {
    return this.#sockets.size
  }

  /** Every command of all sessions. */
  get commands(): string[] {
    return this.sessions.flatMap((session) => session.commands)
  }

  /** Cuts all sessions. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const EXTENSIONS = ['PIPELINING', 'SIZE 30000000', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES']
const good: Record<SinkStage, string | undefined> = {
  connect: '220 sink.test ESMTP',
  EHLO: undefined,
  HELO: '250 sink.test',
  STARTTLS: '220 Go ahead',
  AUTH: undefined,
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 Go on',
  body: undefined,
  end: '250 2.0.0 Queued as 1',
  RSET: '250 2.0.0 Ok',
  QUIT: '221 2.0.0 Bye',
}

class Session {
  readonly #sink: SmtpSink
  readonly #record: SinkSession = { commands: [], encrypted: false, servername: null, user: null }
  #socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  #data = false
  #silent = false
  #envelope = { from: '', to: [] as string[], parameters: '' }
  /** What was said so far in an AUTH LOGIN that goes on. */
  #login: string[] | undefined

  constructor(sink: SmtpSink, socket: Socket) {
    this.#sink = sink
    this.#socket = socket
    sink.sessions.push(this.#record)
  }

  start(): void {
    if (this.#sink.options.implicitTls) this.#encrypt(() => this.#say('connect', ''))
    else {
      this.#socket.on('data', (bytes: Buffer) => this.#take(bytes))
      this.#say('connect', '')
    }
  }

  #take(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes])
    while (!this.#silent) {
      if (this.#data) {
        if (!this.#takeData()) return
        continue
      }
      const end = this.#buffer.indexOf('\r\n')
      if (end < 0) return
      const line = this.#buffer.subarray(0, end).toString('utf8')
      this.#buffer = this.#buffer.subarray(end + 2)
      if (this.#login) this.#goOnWithLogin(line)
      else this.#command(line)
    }
  }

  #takeData(): boolean {
    const early = this.#sink.answer('body', '', this.#record)
    if (early !== undefined) {
      this.#act(early)
      this.#silent = true
      return false
    }
    const whole = Buffer.concat([Buffer.from('\r\n'), this.#buffer])
    const end = whole.indexOf('\r\n.\r\n')
    if (end < 0) return false
    const wire = whole.subarray(2, end + 2).toString('latin1')
    this.#buffer = this.#buffer.subarray(end + 3)
    this.#data = false
    if (!this.#say('end', this.#envelope.to.join())?.startsWith('2')) return true
    const raw = Buffer.from(wire.replace(/(^|\r\n)\./g, '$1'), 'latin1')
    const { encrypted, user } = this.#record
    this.#sink.messages.push({ ...this.#envelope, raw, encrypted, user })
    return true
  }

  #command(line: string): void {
    this.#record.commands.push(line)
    const [verb = ''] = line.toUpperCase().split(' ')
    const argument = line.slice(verb.length).trim()
    const [, path = '', parameters = ''] = /<(.*)> ?(.*)$/.exec(argument) ?? []
    if (verb === 'MAIL') this.#envelope = { from: path, to: [], parameters }
    const stage = verb in good ? (verb as SinkStage) : undefined
    if (!stage) return void this.#act('502 5.5.1 What?')
    const reply = this.#say(stage, argument)
    if (verb === 'RCPT' && reply?.startsWith('2')) this.#envelope.to.push(path)
    if (verb === 'DATA' && reply?.startsWith('354')) this.#data = true
    if (verb === 'STARTTLS' && reply?.startsWith('220')) this.#encrypt()
    if (verb === 'QUIT') this.#socket.end()
  }

  #say(stage: SinkStage, argument: string): string | undefined {
    const told = this.#sink.answer(stage, argument, this.#record)
    if (told === 'garbage' && stage === 'STARTTLS') {
      this.#socket.write('220 Go ahead\r\n')
      this.#silent = true
      this.#socket.removeAllListeners('data')
      this.#socket.once('data', () => this.#socket.end('this is no TLS\r\n'))
      return undefined
    }
    if (told === undefined && stage === 'AUTH') return this.#act(this.#authenticate(argument))
    return this.#act(told ?? good[stage] ?? this.#greeting())
  }

  #greeting(): string {
    const { extensions = EXTENSIONS, tls } = this.#sink.options
    const all = [...extensions, ...(tls && !this.#record.encrypted ? ['STARTTLS'] : [])]
    return ['sink.test', ...all].map((text, i) => `250${i < all.length ? '-' : ' '}${text}`).join('\r\n')
  }

  #authenticate(argument: string): string {
    const [mechanism = '', response] = argument.split(' ')
    if (/^login$/i.test(mechanism)) {
      this.#login = []
      return '334 VXNlcm5hbWU6'
    }
    if (!/^plain$/i.test(mechanism)) return '504 5.5.4 Unknown mechanism'
    if (response !== undefined) return this.#signIn(textIn(response).split('\0').slice(1))
    this.#login = ['PLAIN']
    return '334 '
  }

  #goOnWithLogin(line: string): void {
    const said = this.#login ?? []
    this.#login = undefined
    const text = textIn(line)
    if (said[0] === 'PLAIN') return void this.#act(this.#signIn(text.split('\0').slice(1)))
    if (said.length === 1) return void this.#act(this.#signIn([...said, text]))
    this.#login = [text]
    this.#act('334 UGFzc3dvcmQ6')
  }

  #signIn([user = '', password]: string[]): string {
    if (password === undefined || this.#sink.options.users?.[user] !== password) return '535 5.7.8 Wrong'
    this.#record.user = user
    return '235 2.7.0 Welcome'
  }

  #act(action: string): string | undefined {
    if (action === 'silence') this.#silent = true
    else if (action === 'close') this.#socket.end()
    else if (action === 'reset') this.#socket.resetAndDestroy()
    else if (action === 'lose') {
      this.#socket.end()
      return '250'
    } else {
      this.#socket.write(`${action}\r\n`)
      if (action.startsWith('421')) this.#socket.end()
      return action
    }
    return undefined
  }

  #encrypt(then = () => {}): void {
    this.#socket.removeAllListeners('data')
    const certificate = this.#sink.options.tls ?? sinkCertificate
    const secured = new TLSSocket(this.#socket, { isServer: true, ...certificate })
    secured.on('error', () => {}).on('data', (bytes: Buffer) => this.#take(bytes))
    secured.once('secure', () => {
      this.#record.encrypted = true
      this.#record.servername = (secured as TLSSocket & { servername?: string | false }).servername || null
      then()
    })
    this.#socket = secured
    this.#buffer = Buffer.alloc(0)
  }
}

function textIn(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}
