/** The only source of time in core: epoch milliseconds. Tests move it by hand. */
export interface Clock {
  now(): number
  /** Calls back once at or after `at` (epoch ms); the answer cancels. */
  at(at: number, run: () => void): () => void
}

/** The wall clock. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, run) {
    let cancel = () => {}
    const wait = () => {
      // setTimeout holds 31 bits of milliseconds; further away we wake early and wait again.
      const delay = Math.min(Math.max(0, at - Date.now()), 2_000_000_000)
      const timer = setTimeout(() => (Date.now() >= at ? run() : wait()), delay)
      timer.unref()
      cancel = () => clearTimeout(timer)
    }
    wait()
    return () => cancel()
  },
}
