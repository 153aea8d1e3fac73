import { connect, type Socket } from 'node:net'

export interface WireReply {
  code: number
  text: string
}

/** The connection ended before the reply came: what became of the mail nobody knows. */
export class WireLost extends Error {
  override name = 'WireLost'
}

/** The bare client side of an SMTP connection: bytes out as they are given, replies in one by one. */
export class SmtpWire {
  readonly socket: Socket
  #text = ''
  #lines: string[] = []
  readonly #replies: WireReply[] = []
  #wake: (() => void) | undefined
  #closed = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk) => this.#take(chunk.toString('latin1')))
    this.socket.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
  }

  /** Connects and says who it is. */
  static async open(port: number): Promise<SmtpWire> {
    const wire = new SmtpWire(port)
    wire.write('EHLO load.test\r\n')
    for (const expected of [220, 250]) {
      const { code, text } = await wire.reply()
      if (code !== expected) throw new WireLost(`${code} ${text}`)
    }
    return wire
  }

  write(bytes: string | Buffer): void {
    if (!this.#closed) this.socket.write(bytes)
  }

  /** Rejects with `WireLost` when the connection ends first. */
  async reply(): Promise<WireReply> {
    for (;;) {
      const next = this.#replies.shift()
      if (next) return next
      if (this.#closed) throw new WireLost('The connection is closed')
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** One mail, its envelope in one write (RFC 2920). The last reply: of the end of DATA, or of what was refused before. */
  async send(from: string, to: string[], raw: Buffer): Promise<WireReply> {
    const recipients = to.map((address) => `RCPT TO:<${address}>\r\n`).join('')
    this.write(`MAIL FROM:<${from}>\r\n${recipients}DATA\r\n`)
    const replies: WireReply[] = []
    for (let i = 0; i < to.length + 2; i++) replies.push(await this.reply())
    if (replies.at(-1)?.code !== 354) {
      this.write('RSET\r\n')
      await this.reply()
      return replies.find(({ code }) => code >= 400) ?? { code: 0, text: 'no 354' }
    }
    this.write(toData(raw))
    return this.reply()
  }

  close(): void {
    this.socket.destroy()
  }

  #take(text: string): void {
    this.#text += text
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      this.#lines.push(this.#text.slice(0, end).trimEnd())
      this.#text = this.#text.slice(end + 1)
      const last = this.#lines.at(-1) ?? ''
      if (/^\d{3}-/.test(last)) continue
      this.#replies.push({ code: Number(last.slice(0, 3)), text: this.#lines.join(' / ') })
      this.#lines = []
    }
    this.#wake?.()
  }
}

/** The bytes between 354 and its reply (RFC 5321 §4.5.2). What does not end in CRLF gets one, as any client must do. */
export function toData(raw: Buffer): Buffer {
  const text = raw.toString('latin1')
  const stuffed = text.replace(/(^|\r\n)\./g, '$1..')
  return Buffer.from(`${stuffed}${text.endsWith('\r\n') || text === '' ? '' : '\r\n'}.\r\n`, 'latin1')
}
