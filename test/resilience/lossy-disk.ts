import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Step } from './disk-log.ts'

type Change = { bytes: Buffer; offset: number } | { length: number }
type Entry = Inode | 'folder'
type NamingStep = Extract<Step, { path: string }> & { kind: 'create' | 'mkdir' | 'rename' | 'link' | 'unlink' }

/** A change of names in one folder; all of it happens, or nothing. */
interface Naming {
  folder: string
  apply(names: Map<string, Entry>): void
}

/** A file with what is on the platter and what only the cache knows, in its order. */
class Inode {
  durable: Buffer = Buffer.alloc(0)
  readonly pending: Change[] = []
  /** Its length as the running program sees it. */
  length = 0

  constructor(content: Buffer = Buffer.alloc(0)) {
    this.durable = content
    this.length = content.length
  }

  change(change: Change): void {
    this.pending.push(change)
    this.length = 'length' in change ? change.length : Math.max(this.length, change.offset + change.bytes.length)
  }

  flush(count: number): void {
    this.durable = applied(this.durable, this.pending.splice(0, count))
  }
}

/**
 * A disk that forgets: writes are safe when their file was synced, names when their folder was. Of all else a power cut may leave any
 * part, in sectors of 512 bytes, except that the names of one folder change in their order.
 */
export class LossyDisk {
  readonly #root: string
  /** What the running program sees, and what is on the platter. */
  readonly #seen = new Map<string, Entry>()
  readonly #durable = new Map<string, Entry>()
  #namings: Naming[] = []
  readonly #syncs = new Map<number, () => void>()

  readonly #lies: boolean

  /** Starts as a copy of a folder, all of it safe. One that lies says that it synced, and did not. */
  constructor(template: string, root: string, { lies = false } = {}) {
    this.#root = root
    this.#lies = lies
    for (const name of readdirSync(template, { recursive: true, encoding: 'utf8' })) {
      const from = join(template, name)
      const entry: Entry = statSync(from).isDirectory() ? 'folder' : new Inode(readFileSync(from))
      this.#seen.set(join(root, name), entry)
      this.#durable.set(join(root, name), entry)
    }
  }

  do(step: Step): void {
    if (step.kind === 'told' || !step.path.startsWith(`${this.#root}`)) return
    switch (step.kind) {
      case 'sync-begins':
        if (!this.#lies) this.#beginSync(step.path, step.sync)
        break
      case 'sync-ends':
        this.#syncs.get(step.sync)?.()
        break
      case 'write':
      case 'truncate':
        this.#change(step)
        break
      default:
        this.#name(step)
    }
  }

  /** What the next start finds, if the power goes now. */
  crash(into: string): void {
    const names = new Map(this.#durable)
    for (const [, namings] of Map.groupBy(this.#namings, (n) => n.folder)) {
      const kept = namings.slice(0, Math.floor(Math.random() * (namings.length + 1)))
      for (const naming of kept) naming.apply(names)
    }
    const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [path, entry] of sorted) {
      // SQLite's index of its log lives in shared memory and is made anew.
      if (path.endsWith('-shm') || !this.#reachable(path, names)) continue
      const target = join(into, path.slice(this.#root.length))
      if (entry === 'folder') mkdirSync(target)
      else writeFileSync(target, applied(entry.durable, entry.pending.flatMap(surviving)))
    }
  }

  #reachable(path: string, names: Map<string, Entry>): boolean {
    const folder = dirname(path)
    return folder === this.#root || (names.get(folder) === 'folder' && this.#reachable(folder, names))
  }

  #change(step: Extract<Step, { kind: 'write' | 'truncate' }>): void {
    const inode = this.#seen.get(step.path)
    // A file that has lost its name already is nobody's after a crash.
    if (!(inode instanceof Inode)) return
    if (step.kind === 'truncate') inode.change({ length: step.length })
    else inode.change({ bytes: step.bytes, offset: step.offset ?? inode.length })
  }

  #name(step: NamingStep): void {
    const { path } = step
    const known = this.#seen.get(path)
    if (step.kind === 'create' && known) {
      if (step.empty && known instanceof Inode) known.change({ length: 0 })
      return
    }
    const moved = step.kind === 'rename' || step.kind === 'link' ? this.#seen.get(step.from) : undefined
    const entry: Entry | undefined = step.kind === 'create' ? new Inode() : step.kind === 'mkdir' ? 'folder' : moved
    const apply = (names: Map<string, Entry>) => {
      if (step.kind === 'unlink') names.delete(path)
      else if (entry) names.set(path, entry)
      if (step.kind === 'rename') names.delete(step.from)
    }
    apply(this.#seen)
    this.#namings.push({ folder: dirname(path), apply })
  }

  #beginSync(path: string, sync: number): void {
    const inode = this.#seen.get(path)
    if (inode instanceof Inode) {
      const count = inode.pending.length
      this.#syncs.set(sync, () => inode.flush(count))
      return
    }
    const covered = new Set(this.#namings.filter((n) => n.folder === path))
    this.#syncs.set(sync, () => {
      for (const naming of this.#namings) if (covered.has(naming)) naming.apply(this.#durable)
      this.#namings = this.#namings.filter((n) => !covered.has(n))
    })
  }
}

function applied(content: Buffer, changes: Change[]): Buffer {
  let size = content.length
  let most = size
  for (const c of changes) {
    size = 'length' in c ? c.length : Math.max(size, c.offset + c.bytes.length)
    most = Math.max(most, size)
  }
  const result = Buffer.alloc(most)
  content.copy(result)
  let length = content.length
  for (const c of changes) {
    if ('length' in c) {
      if (c.length < length) result.fill(0, c.length, length)
      length = c.length
    } else {
      c.bytes.copy(result, c.offset)
      length = Math.max(length, c.offset + c.bytes.length)
    }
  }
  return result.subarray(0, length)
}

const SECTOR = 512

/** All of it, nothing, or some of its sectors. */
function surviving(change: Change): Change[] {
  const dice = Math.random()
  if (dice < 0.4) return [change]
  if (dice < 0.7 || 'length' in change) return []
  const sectors: Change[] = []
  for (let at = 0; at < change.bytes.length; at += SECTOR) {
    const bytes = change.bytes.subarray(at, at + SECTOR)
    if (Math.random() < 0.5) sectors.push({ bytes, offset: change.offset + at })
  }
  return sectors
}
