import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const PATIENCE_MS = 5_000

/** A plain client of a line protocol: what it sends is exactly what it was told to. */
export class LineClient implements Disposable {
  #socket: Socket
  #received = ''
  #closed = false
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  static async connect(port: number): Promise<LineClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new LineClient(socket)
  }

  /** One char is one byte. Resolves when it has left, so that two sends are two segments. */
  async send(bytes: string | Buffer): Promise<void> {
    await new Promise((resolve) =>
      this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, resolve),
    )
  }

  /** The next line without its line end; null at the end of the connection. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#received.indexOf('\n')
      if (end >= 0) {
        const line = this.#received.slice(0, end).replace(/\r$/, '')
        this.#received = this.#received.slice(end + 1)
        return line
      }
      if (this.#closed) return null
      await this.#more()
    }
  }

  /** The last line of the next reply. */
  async reply(): Promise<string | null> {
    for (;;) {
      const line = await this.line()
      if (line === null || !/^\d{3}-/.test(line)) return line
    }
  }

  async command(text: string): Promise<string | null> {
    await this.send(`${text}\r\n`)
    return this.reply()
  }

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners('data').removeAllListeners('close')
    const secure = connectTls({ socket: this.#socket, rejectUnauthorized: false })
    await new Promise<void>((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject))
    this.#socket = secure
    this.#listen()
  }

  endOutput(): void {
    this.#socket.end()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #listen(): void {
    this.#socket.on('data', (chunk) => {
      this.#received += chunk.toString('utf8')
      this.#wake()
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
    this.#socket.on('end', () => {
      this.#closed = true
      this.#wake()
    })
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No line came; there is ${JSON.stringify(this.#received)}`)),
        PATIENCE_MS,
      )
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/**
 * Plays a session and returns it as it really went, to be compared with the script. `C:` lines are sent with CRLF, after `\r`, `\n` and
 * `\0` in them were made the real thing; a `\` at the end keeps the CRLF away. For each `S:` line one line is read; one that ends in `…`
 * stands for all that begin so. `S: (closed)` is the end of the connection.
 */
export async function play(port: number, script: string): Promise<string> {
  using client = await LineClient.connect(port)
  const seen: string[] = []
  for (const line of lines(script)) {
    if (line.startsWith('C: ')) {
      await client.send(toWire(line.slice(3)))
      seen.push(line)
      continue
    }
    const got = (await client.line()) ?? '(closed)'
    const wanted = line.slice(3)
    seen.push(wanted.endsWith('…') && got.startsWith(wanted.slice(0, -1)) ? line : `S: ${got}`)
  }
  return seen.join('\n')
}

/** The lines of a script without its indentation. */
export function lines(script: string): string[] {
  return script
    .split('\n')
    .map((line) => line.trimStart())
    .filter((line) => line !== '')
}

function toWire(text: string): string {
  const whole = text.endsWith('\\') ? text.slice(0, -1) : `${text}\r\n`
  const bytes = whole.replace(/\\([rn0])/g, (_, c: string) => ({ r: '\r', n: '\n', '0': '\0' })[c] ?? '')
  return Buffer.from(bytes, 'utf8').toString('latin1')
}
