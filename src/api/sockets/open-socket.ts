import type { WebSocket } from 'ws'
import type { Caller } from '../../core/accounts/caller.ts'

/** How long a peer may take to answer a close. */
const CLOSE_MS = 5_000
const PONGS_MISSED = 2

/** A WebSocket whose peer has proved who it is: texts in, texts out. */
export class OpenSocket {
  /** Who speaks; brought up to date when the key changes. */
  caller: Caller
  readonly #socket: WebSocket
  readonly #closed = new AbortController()
  #taken: Promise<void> = Promise.resolve()
  #waiting = 0
  #unanswered = 0

  constructor(socket: WebSocket, caller: Caller) {
    this.#socket = socket
    this.caller = caller
    socket.on('pong', () => {
      this.#unanswered = 0
    })
    // What is wrong with the peer's frames closes the socket; there is nothing more to do about it.
    socket.on('error', () => {})
    socket.on('close', () => this.#closed.abort())
  }

  /** Aborted when the socket is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** True while the peer does not read what was sent. */
  get backedUp(): boolean {
    return this.#socket.bufferedAmount > 0
  }

  /** Resolves when the network has taken it; rejects when the socket is closed. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(text, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Handles texts one after the other (null stands for what is no text); while one is handled nothing more is read. */
  onText(handle: (text: string | null) => Promise<void>): void {
    this.#socket.on('message', (data, isBinary) => {
      const text = isBinary ? null : data.toString()
      this.#waiting++
      this.#socket.pause()
      this.#taken = this.#taken
        .then(() => handle(text))
        .finally(() => {
          if (--this.#waiting === 0) this.#socket.resume()
        })
    })
  }

  /** Asks whether the peer is still there; who has not answered twice is cut off. */
  ping(): void {
    if (this.#unanswered >= PONGS_MISSED) {
      this.#socket.terminate()
      return
    }
    this.#unanswered++
    this.#socket.ping()
  }

  /** Closes with a code (RFC 6455 §7.4.1); a peer that does not answer is cut off. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
    const giveUp = setTimeout(() => this.#socket.terminate(), CLOSE_MS)
    this.#socket.once('close', () => clearTimeout(giveUp))
    // A peer that reads nothing never answers, and its own texts must be read for its answer to be seen.
    this.#socket.resume()
  }
}
