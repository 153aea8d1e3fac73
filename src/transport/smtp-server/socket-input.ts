import type { Socket } from 'node:net'

const LF = 0x0a
/** With this much unread, the socket is left alone until somebody reads. */
const HIGH_WATER = 64 * 1024

export type Line = { kind: 'line'; bytes: Buffer } | { kind: 'too-long' }

/** What a client sent and nobody has read yet, taken as lines or as it comes. Reading is what makes the client send more. */
export class SocketInput {
  #chunks: Buffer[] = []
  #size = 0
  /** Something came since somebody last looked. */
  #fresh = false
  #skipping = false
  #closed = false
  #wake: (() => void) | undefined
  #detach = () => {}
  #resume = () => {}

  constructor(socket: Socket) {
    this.attach(socket)
  }

  /** Reads from this socket from now on; what the old one brought is gone. */
  attach(socket: Socket): void {
    this.detach()
    const onData = (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#size += chunk.length
      this.#fresh = true
      if (this.#size >= HIGH_WATER) socket.pause()
      this.#awaken()
    }
    const onClose = () => this.close()
    socket.on('data', onData).on('end', onClose).on('close', onClose)
    this.#resume = () => {
      if (socket.isPaused()) socket.resume()
    }
    this.#detach = () => {
      socket.pause()
      socket.off('data', onData).off('end', onClose).off('close', onClose)
    }
  }

  /** Stops reading and forgets what was not read. */
  detach(): void {
    this.#detach()
    this.#detach = () => {}
    this.#clear()
    this.#skipping = false
  }

  /** No more is read, and whoever waits is told. */
  close(): void {
    this.#closed = true
    this.#awaken()
  }

  /** The next whole line without its line end, if it is there. A line that is too long is skipped to its end and told of once. */
  takeLine(maxBytes: number): Line | undefined {
    this.#fresh = false
    const bytes = this.#merge()
    const end = bytes.indexOf(LF)
    if (end < 0) {
      if (bytes.length >= maxBytes) this.#skipping = true
      if (this.#skipping) this.#clear()
      return undefined
    }
    this.#keep(bytes.subarray(end + 1))
    if (this.#skipping || end >= maxBytes) {
      this.#skipping = false
      return { kind: 'too-long' }
    }
    return { kind: 'line', bytes: bytes.subarray(0, bytes[end - 1] === 0x0d ? end - 1 : end) }
  }

  /** All that is there, if anything is. */
  takeAll(): Buffer | undefined {
    this.#fresh = false
    if (this.#size === 0) return undefined
    const bytes = this.#merge()
    this.#clear()
    return bytes
  }

  /** Puts back what was read too far. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#chunks.unshift(bytes)
    this.#size += bytes.length
  }

  /** Waits for more than was there at the last look. False when the client is gone. */
  more(): Promise<boolean> {
    if (this.#fresh || this.#closed) return Promise.resolve(this.#fresh)
    this.#resume()
    return new Promise((resolve) => {
      this.#wake = () => resolve(!this.#closed)
    })
  }

  #awaken(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #merge(): Buffer {
    const [first] = this.#chunks
    if (first && this.#chunks.length === 1) return first
    const bytes = Buffer.concat(this.#chunks, this.#size)
    this.#chunks = [bytes]
    return bytes
  }

  #keep(bytes: Buffer): void {
    this.#chunks = bytes.length > 0 ? [bytes] : []
    this.#size = bytes.length
  }

  #clear(): void {
    this.#chunks = []
    this.#size = 0
  }
}
