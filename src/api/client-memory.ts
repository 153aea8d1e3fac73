import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { App } from '../core/app.ts'

/** Of bodies that are still coming and answers that are still leaving, all clients together. */
const MAX_BYTES = 256 * 1024 * 1024
/** Less than this is not worth counting. */
const MIN_BYTES = 64 * 1024
/** How often bodies are looked at: nothing tells us when they grow. */
const LOOK_MS = 250
/** Whoever began this short a while ago has not shown yet how quick it is. */
const GRACE_MS = 1_000
/** A client that has read nothing of its answer for so long is gone. */
const STALL_MS = 60_000

interface Holder {
  socket: Socket
  since: number
  /** Bytes that wait here because of it. */
  held(): number
  /** Bytes that went over the wire since it began. */
  moved(): number
  /** When `moved` last changed, and to what. */
  last: { at: number; moved: number }
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
    const { socket, headers } = incoming
    if (headers['transfer-encoding'] !== undefined || Number(headers['content-length']) >= MIN_BYTES) {
      const before = socket.bytesRead
      const taken = () => socket.bytesRead - before
      const holder = this.#add({ socket, held: taken, moved: taken })
      incoming.once('close', () => this.#holders.delete(holder))
    }
    // Emitted when all of the answer was handed over.
    outgoing.once('prefinish', () => {
      const all = socket.writableLength
      if (all < MIN_BYTES) return
      const holder = this.#add({ socket, held: () => socket.writableLength, moved: () => all - socket.writableLength })
      outgoing.once('close', () => this.#holders.delete(holder))
      this.#look()
    })
  }

  #add(fields: Pick<Holder, 'socket' | 'held' | 'moved'>): Holder {
    const now = this.#clock.now()
    const holder = { ...fields, since: now, last: { at: now, moved: fields.moved() } }
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
    let held = 0
    for (const holder of this.#holders) {
      held += holder.held()
      const moved = holder.moved()
      if (moved !== holder.last.moved) holder.last = { at: now, moved }
      else if (now - holder.last.at > STALL_MS) holder.socket.destroy()
    }
    if (held <= this.#maxBytes) return
    for (const holder of slowestFirst(this.#holders, now)) {
      if (held <= this.#maxBytes) return
      held -= holder.held()
      this.#holders.delete(holder)
      holder.socket.destroy()
    }
  }
}

function slowestFirst(holders: Iterable<Holder>, now: number): Holder[] {
  const speed = ({ since, moved }: Holder) => (now - since < GRACE_MS ? Infinity : moved() / (now - since))
  const measured = [...holders].map((holder) => ({ holder, speed: speed(holder) }))
  return measured.sort((a, b) => (a.speed < b.speed ? -1 : a.speed > b.speed ? 1 : 0)).map(({ holder }) => holder)
}
