import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { App } from '../core/app.ts'

/** Of bodies that are still coming and answers that are still leaving, all clients together. */
const MAX_BYTES = 256 * 1024 * 1024
/** Cutting off who holds less than this would not help. */
const MIN_BYTES = 64 * 1024
/** How often clients are looked at: nothing tells us what they hold. */
const LOOK_MS = 250
/** Whoever began this short a while ago has not shown yet how quick it is. */
const GRACE_MS = 1_000
/**
 * A client that has sent nothing of a body it began, or has read nothing of an answer that waits for it, for so long is gone. What it
 * reads shows only when the system has room again, 1.5 MB at a time on Linux: this asks for 8 kB/s.
 */
const STALL_MS = 180_000

/** What had moved until some time. */
interface Progress {
  at: number
  moved: number
}

/** A body that comes, or an answer. */
interface Holder {
  socket: Socket
  /** Bytes that wait here because of the client. */
  held(): number
  /** Bytes that went over the wire. */
  moved(): number
  /** Since it was seen to hold anything, and when `moved` was last seen to change. */
  holding: { since: Progress; last: Progress } | undefined
}

/**
 * What slow clients make us keep in memory. When it is too much, the slowest are cut off first: who reads and writes goes on, however
 * many others hang.
 */
export class ClientMemory {
  readonly #clock: App['clock']
  readonly #maxBytes: number
  readonly #holders = new Set<Holder>()
  #cancelLook: (() => void) | undefined

  constructor(app: Pick<App, 'clock'>, { maxBytes = MAX_BYTES }: { maxBytes?: number | undefined } = {}) {
    this.#clock = app.clock
    this.#maxBytes = maxBytes
  }

  /** Watches a request until it is read and answered. */
  watch(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming
    if (isLarge(incoming)) {
      const before = socket.bytesRead
      const taken = () => socket.bytesRead - before
      const body = this.#add({ socket, held: taken, moved: taken })
      incoming.once('close', () => this.#holders.delete(body))
    }
    // The whole of a piece stays in memory until its last byte is sent, as `writableLength` has it.
    const answer = this.#add({ socket, held: () => socket.writableLength, moved: () => bytesSent(socket) })
    outgoing.once('close', () => this.#holders.delete(answer))
    // Emitted when all of the answer was handed over.
    outgoing.once('prefinish', () => {
      if (socket.writableLength >= MIN_BYTES) this.#look()
    })
  }

  #add(fields: Omit<Holder, 'holding'>): Holder {
    const holder = { ...fields, holding: undefined }
    this.#holders.add(holder)
    this.#lookLater()
    return holder
  }

  #lookLater(): void {
    this.#cancelLook ??= this.#clock.at(this.#clock.now() + LOOK_MS, () => {
      this.#cancelLook = undefined
      this.#look()
      if (this.#holders.size > 0) this.#lookLater()
    })
  }

  #look(): void {
    const now = this.#clock.now()
    let sum = 0
    for (const holder of this.#holders) {
      const held = holder.held()
      sum += held
      if (held === 0) holder.holding = undefined
      else if (hasStalled(holder, now)) this.#cutOff(holder)
    }
    if (sum > this.#maxBytes) this.#cutOffSlowest(sum - this.#maxBytes, now)
  }

  #cutOffSlowest(tooMuch: number, now: number): void {
    let left = tooMuch
    for (const holder of slowestFirst(this.#holders, now)) {
      if (left <= 0) return
      const held = holder.held()
      if (held < MIN_BYTES) continue
      left -= held
      this.#cutOff(holder)
    }
  }

  #cutOff(holder: Holder): void {
    this.#holders.delete(holder)
    holder.socket.destroy()
  }
}

function isLarge({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) >= MIN_BYTES
}

/**
 * What the system has taken of the bytes that were written. The documented figures change only when a whole write is done, which for
 * most answers is at their end; the handle also tells of its parts. Node asks it too before it calls a socket idle.
 */
function bytesSent(socket: Socket & { _handle?: { bytesWritten?: number; writeQueueSize?: number } | null }): number {
  const { bytesWritten, writeQueueSize } = socket._handle ?? {}
  if (bytesWritten === undefined || writeQueueSize === undefined) return socket.bytesWritten - socket.writableLength
  return bytesWritten - writeQueueSize
}

/** Notes how far it is. */
function hasStalled(holder: Holder, now: number): boolean {
  const seen = { at: now, moved: holder.moved() }
  holder.holding ??= { since: seen, last: seen }
  if (seen.moved !== holder.holding.last.moved) holder.holding.last = seen
  return now - holder.holding.last.at > STALL_MS
}

/** Without those that have not shown yet how quick they are. */
function slowestFirst(holders: Iterable<Holder>, now: number): Holder[] {
  const measured = [...holders].flatMap((holder) => {
    const since = holder.holding?.since
    if (!since || now - since.at < GRACE_MS) return []
    return [{ holder, speed: (holder.moved() - since.moved) / (now - since.at) }]
  })
  return measured.sort((a, b) => a.speed - b.speed).map(({ holder }) => holder)
}
