// Sends mail over SMTP as fast as it is taken, in a process of its own: `fork` it, send it one `LoadOrder`, get one `LoadResult`.
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { LoadOrder, LoadResult } from './load.ts'

process.once('message', async (order: LoadOrder) => {
  const result = await run(order)
  process.send?.(result, () => process.exit())
})

async function run(order: LoadOrder): Promise<LoadResult> {
  const open = Array.from({ length: order.connections }, (_, i) => new Client(order, i))
  await Promise.all(open.map((client) => client.ready))
  const cpu = process.cpuUsage()
  const start = performance.now()
  for (const client of open) client.begin()
  await setTimeout(order.seconds * 1000)
  for (const client of open) client.last = true
  await Promise.all(open.map((client) => client.done))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { latenciesMs: open.flatMap((client) => client.latencies), seconds, cpuSeconds: (user + system) / 1e6 }
}

/** What a pause of the server made late is not all sent at once after it. */
const MAX_BEHIND_MS = 1_000

let serial = 0

/** One connection: the envelope in one write (RFC 2920), the message in another, and the time from its last dot to the 250. */
class Client {
  readonly latencies: number[] = []
  readonly ready: Promise<void>
  readonly done: Promise<void>
  last = false
  readonly #order: LoadOrder
  readonly #socket
  #expected = 1
  #state: 'greeting' | 'hello' | 'envelope' | 'message' = 'greeting'
  #sentAt = 0
  #dueAt = performance.now()
  /** A line that a chunk broke off. */
  #begun = ''
  #next: number
  #isReady = () => {}
  #isDone = () => {}
  #fail: (error: Error) => void = () => {}

  constructor(order: LoadOrder, index: number) {
    this.#order = order
    this.#next = index
    this.#socket = connect({ port: order.port, host: order.host ?? '127.0.0.1', noDelay: true })
    this.ready = new Promise((resolve) => (this.#isReady = resolve))
    this.done = new Promise((resolve, reject) => {
      this.#isDone = resolve
      this.#fail = reject
    })
    this.#socket.on('data', (chunk) => {
      const lines = (this.#begun + chunk.toString('latin1')).split('\r\n')
      this.#begun = lines.pop() ?? ''
      this.#take(lines)
    })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed the connection')))
  }

  begin(): void {
    const { forms, recipients } = this.#order
    const form = forms[this.#next % forms.length]!
    const recipient = recipients[this.#next % recipients.length]!
    this.#expected = 3
    this.#state = 'envelope'
    this.#socket.write(`MAIL FROM:<${form.mailFrom}>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`)
  }

  // Replies of one line each but for EHLO's.
  #take(lines: readonly string[]): void {
    for (const line of lines) {
      if (line[3] === '-') continue
      if (!/^[23]/.test(line)) this.#fail(new Error(`The server said: ${line}`))
      else if (--this.#expected === 0) this.#answered()
    }
  }

  #answered(): void {
    const step = this.#state
    if (step === 'greeting') {
      this.#expected = 1
      this.#state = 'hello'
      this.#socket.write('EHLO load.example\r\n')
    } else if (step === 'hello') this.#isReady()
    else if (step === 'envelope') this.#sendMessage()
    else this.#accepted()
  }

  #sendMessage(): void {
    const { text } = this.#order.forms[this.#next % this.#order.forms.length]!
    this.#expected = 1
    this.#state = 'message'
    this.#sentAt = performance.now()
    this.#socket.write(`Message-ID: <${process.pid}.${++serial}.${Date.now()}@load.example>\r\n${text}.\r\n`)
  }

  #accepted(): void {
    this.latencies.push(performance.now() - this.#sentAt)
    this.#next += this.#order.connections
    if (this.last) {
      this.#isDone()
      this.#socket.destroy()
    } else this.#beginInTime()
  }

  #beginInTime(): void {
    const { connections, perSecond } = this.#order
    if (perSecond === undefined) {
      this.begin()
      return
    }
    // From when the last one was due, so that the pace is kept when one is late.
    this.#dueAt = Math.max(this.#dueAt, performance.now() - MAX_BEHIND_MS) + (connections / perSecond) * 1000
    setTimeout(Math.max(0, this.#dueAt - performance.now())).then(() => (this.last ? this.#isDone() : this.begin()))
  }
}
