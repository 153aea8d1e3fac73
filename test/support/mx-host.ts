import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Where a session stands when the sink is asked what to say. `body`: within DATA, before the last dot. */
export type SinkStage =
  | 'connect'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'body'
  | 'end'
  | 'RSET'
  | 'QUIT'

/**
 * A reply, without its line end; or `close`, `silence`, `reset` (as `close`, but rudely), `garbage` in the place of a TLS handshake.
 * Undefined: what a good server says.
 */
export type SinkAction = string | undefined

export interface SinkMessage {
  from: string
  to: string[]
  raw: Buffer
}

export interface SinkSession {
  commands: string[]
  encrypted: boolean
  servername: string | null
}

export interface SinkOptions {
  address?: string
  port?: number
  /** Offers STARTTLS with it. */
  tls?: { cert: string; key: string }
  extensions?: string[]
  /** What to say at each stage; `argument` is what came with the command. */
  answer?: (stage: SinkStage, argument: string, session: SinkSession) => SinkAction
}

/** A server that takes any mail, remembers it, and can be told to answer anything. */
export class MxHost implements AsyncDisposable {
  readonly messages: SinkMessage[] = []
  readonly sessions: SinkSession[] = []
  answer: NonNullable<SinkOptions['answer']>
  port = 0
  /** The most sessions there were at once. */
  peak = 0
  readonly #options: SinkOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(options: SinkOptions) {
    this.#options = options
    this.answer = options.answer ?? (() => undefined)
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      this.peak = Math.max(this.peak, this.#sockets.size)
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
      new Session(this, this.#options, socket).start()
    })
  }

  static async listen(options: SinkOptions = {}): Promise<MxHost> {
    const sink = new MxHost(options)
    await new Promise<void>((resolve, reject) => {
      sink.#server.once('error', reject)
      sink.#server.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve)
    })
    const address = sink.#server.address()
    if (typeof address === 'object' && address) sink.port = address.port
    return sink
  }

  /** Sessions that are open now. */
  get open(): number {
    return this.#sockets.size
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
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 Go on',
  body: undefined,
  end: '250 2.0.0 Queued as 1',
  RSET: '250 2.0.0 Ok',
  QUIT: '221 2.0.0 Bye',
}

class Session {
  readonly #sink: MxHost
  readonly #options: SinkOptions
  readonly #record: SinkSession = { commands: [], encrypted: false, servername: null }
  #socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  #data = false
  #silent = false
  #from = ''
  #to: string[] = []

  constructor(sink: MxHost, options: SinkOptions, socket: Socket) {
    this.#sink = sink
    this.#options = options
    this.#socket = socket
    sink.sessions.push(this.#record)
  }

  start(): void {
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes))
    this.#say('connect', '')
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
      this.#command(line)
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
    const raw = Buffer.from(
      whole
        .subarray(2, end + 2)
        .toString('latin1')
        .replace(/^\.\./gm, '.'),
      'latin1',
    )
    this.#buffer = this.#buffer.subarray(end + 3)
    this.#data = false
    const reply = this.#say('end', '')
    if (reply?.startsWith('2')) this.#sink.messages.push({ from: this.#from, to: this.#to, raw })
    return true
  }

  #command(line: string): void {
    this.#record.commands.push(line)
    const [verb = ''] = line.toUpperCase().split(' ')
    const argument = line.slice(verb.length).trim()
    const path = /<(.*)>/.exec(argument)?.[1] ?? ''
    if (verb === 'MAIL') {
      this.#to = []
      this.#from = path
    }
    const stage = verb in good ? (verb as SinkStage) : undefined
    if (!stage) return void this.#act('502 5.5.1 What?')
    const reply = this.#say(stage, argument)
    if (verb === 'RCPT' && reply?.startsWith('2')) this.#to = [...this.#to, path]
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
    const reply = told ?? good[stage] ?? this.#greeting()
    return this.#act(reply)
  }

  #greeting(): string {
    const offered = this.#options.extensions ?? EXTENSIONS
    const all = [...offered, ...(this.#options.tls && !this.#record.encrypted ? ['STARTTLS'] : [])]
    return ['sink.test', ...all].map((text, i) => `250${i < all.length ? '-' : ' '}${text}`).join('\r\n')
  }

  #act(action: string): string | undefined {
    if (action === 'silence') this.#silent = true
    else if (action === 'close') this.#socket.end()
    else if (action === 'reset') this.#socket.resetAndDestroy()
    else {
      this.#socket.write(`${action}\r\n`)
      if (action.startsWith('421')) this.#socket.end()
      return action
    }
    return undefined
  }

  #encrypt(): void {
    const { tls } = this.#options
    if (!tls) return
    this.#socket.removeAllListeners('data')
    const secured = new TLSSocket(this.#socket, { isServer: true, ...tls })
    secured.on('error', () => {}).on('data', (bytes: Buffer) => this.#take(bytes))
    secured.once('secure', () => {
      this.#record.encrypted = true
      this.#record.servername = (secured as TLSSocket & { servername?: string | false }).servername || null
    })
    this.#socket = secured
    this.#buffer = Buffer.alloc(0)
  }
}
