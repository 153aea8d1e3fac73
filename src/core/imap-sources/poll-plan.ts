import type { FetchProblem } from './model.ts'

const MINUTE_MS = 60_000
/** Servers that are asked by many must not be asked by all at once. */
const JITTER = 0.1
/** No source is left alone for longer than this. */
const LONGEST_MINUTES = 1440

/** Between two bites of a folder that holds more than one fetch takes. */
const NEXT_BITE_MS = 10_000
/** What a new or corrected source waits for its first fetch. */
export const FIRST_FETCH_MS = MINUTE_MS

/**
 * By how much the wait grows with each failure in a row, and up to where. What only its owner can put right backs off to a day; what
 * passes by itself is tried again within the hour.
 */
const backOff: Record<FetchProblem, { factor: number; mostMinutes: number }> = {
  auth: { factor: 2, mostMinutes: LONGEST_MINUTES },
  folder_not_found: { factor: 2, mostMinutes: LONGEST_MINUTES },
  blocked_host: { factor: 2, mostMinutes: LONGEST_MINUTES },
  tls: { factor: 2, mostMinutes: LONGEST_MINUTES },
  dns: { factor: 2, mostMinutes: 60 },
  connect_timeout: { factor: 2, mostMinutes: 60 },
  protocol: { factor: 2, mostMinutes: 60 },
  internal: { factor: 1, mostMinutes: 60 },
  after_fetch: { factor: 1, mostMinutes: LONGEST_MINUTES },
}

export interface Polled {
  intervalMinutes: number
  problem: FetchProblem | null
  /** Failures in a row, this one included. */
  failures: number
  /** The folder holds more than one fetch takes. */
  more: boolean
}

/** How long a source is left alone after a fetch. `random` is from 0 to 1. */
export function waitAfterFetch({ intervalMinutes, problem, failures, more }: Polled, random = Math.random()): number {
  if (problem === null && more) return NEXT_BITE_MS
  const { factor, mostMinutes } = problem === null ? { factor: 1, mostMinutes: LONGEST_MINUTES } : backOff[problem]
  const grown = intervalMinutes * factor ** Math.min(failures, 20)
  const minutes = Math.max(intervalMinutes, Math.min(grown, mostMinutes))
  return Math.round(minutes * MINUTE_MS * (1 - JITTER + 2 * JITTER * random))
}
