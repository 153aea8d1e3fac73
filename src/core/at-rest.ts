import { flushCompileCache } from 'node:module'
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { trimHeap } from './trim-heap.ts'

/** A thread that has had nothing to do for so long ends: it holds 10 to 20 MB, and another starts in less than a tenth of a second. */
export const THREAD_REST_MS = 60_000

const LOOK_MS = 1_000
/** A thread at rest still has timers to answer and jobs to look for. */
const QUIET_MS = 20
/** With less than this behind it, a thread has hardly taken anything. */
const BUSY_MS = 500

/** The collection that V8 makes before it gives up: the only one that returns the young generation to the system. */
type Collect = (how: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

/**
 * Gives memory back each time that this thread comes to rest, first after its start. Left to themselves V8, SQLite and the C library
 * keep most of what a start or a load has made them take. `release` is for what the thread itself can do without. What was compiled is
 * kept for the next start now, also of a process that will be killed.
 */
export function tidyAtRest(release: () => void = () => {}): Disposable {
  const collect = collector()
  let last = performance.eventLoopUtilization()
  let busyMs = BUSY_MS
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { active } = performance.eventLoopUtilization(now, last)
    last = now
    busyMs += active
    if (active > QUIET_MS || busyMs < BUSY_MS) return
    release()
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    trimHeap()
    flushCompileCache()
    last = performance.eventLoopUtilization()
    busyMs = 0
  }, LOOK_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

// Node has no call of its own for it; threads that start after the flag was set have it among their globals.
function collector(): Collect {
  setFlagsFromString('--expose-gc')
  return (globalThis.gc ?? runInNewContext('gc')) as Collect
}
