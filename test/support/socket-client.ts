import { type ClientOptions, WebSocket } from 'ws'

// biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
type Told = Record<string, any>

/** A bare WebSocket client that keeps what it is told. */
export class SocketClient implements AsyncDisposable {
  readonly socket: WebSocket
  /** What came and was not asked for yet. */
  readonly told: Told[] = []
  /** Code and reason, once it is closed. */
  readonly closed: Promise<{ code: number; reason: string }>
  #over = false
  #wake = () => {}

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options)
    this.socket.on('message', (data) => {
      this.told.push(JSON.parse(data.toString()))
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.#over = true
        this.#wake()
        resolve({ code, reason: reason.toString() })
      })
    })
    this.socket.on('error', () => {})
  }

  static async open(url: string, options: ClientOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(url, options)
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', resolve)
      client.socket.once('error', reject)
    })
    return client
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message))
  }

  /** Says it and answers what comes next. */
  ask(message: unknown): Promise<Told> {
    this.say(message)
    return this.next()
  }

  /** Waits for what it is told next. */
  async next(): Promise<Told> {
    for (;;) {
      const first = this.told.shift()
      if (first) return first
      if (this.#over) throw new Error('The socket is closed')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close()
    await this.closed
  }
}

/** The answer to an upgrade that is refused. */
export function refusal(url: string, options: ClientOptions = {}): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options)
    socket.on('open', () => reject(new Error('The upgrade was not refused')))
    socket.on('error', () => {})
    socket.on('unexpected-response', async (_request, response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
    })
  })
}
