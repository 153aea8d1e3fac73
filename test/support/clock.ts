import type { Clock } from '../../src/core/clock.ts'

/** A clock that is moved by hand. */
export interface ManualClock extends Clock {
  /** Moves on, and runs what has become due, in its order. */
  advance(ms: number): void
}

export function manualClock(start = 1_760_000_000_000): ManualClock {
  let now = start
  const due = new Set<{ at: number; run: () => void }>()
  return {
    now: () => now,
    at(at, run) {
      const entry = { at, run }
      due.add(entry)
      return () => due.delete(entry)
    },
    advance(ms) {
      now += ms
      for (const entry of [...due].filter((d) => d.at <= now).sort((a, b) => a.at - b.at)) {
        if (due.delete(entry)) entry.run()
      }
    },
  }
}
