const MINUTE_MS = 60_000

/** Waits between attempts; the last one repeats. Each is varied by up to 20 % so that a crowd does not come back together. */
export const retryAfterMinutes = [1, 2, 5, 10, 20, 40, 60, 120, 240] as const

/** After this a delivery is given up (RFC 5321 §4.5.4.1 asks for days; design: 48 h). */
export const GIVE_UP_AFTER_MS = 48 * 60 * MINUTE_MS

/** How long the last attempt may be put off, for want of room, before a delivery is given up without it. */
const LAST_CHANCE_MS = 60 * MINUTE_MS

/** The first failure from this age on is told to the sender, once for each delivery. */
export const DELAY_NOTICE_AFTER_MS = 4 * 60 * MINUTE_MS

/**
 * When to try again after `attempts` failed ones, or null when it is time to give up. `random` is from 0 to 1; a peer that asked not
 * to be tried before `notBefore` is obeyed.
 */
export function nextAttemptAt(
  queuedAt: number,
  attempts: number,
  now: number,
  random: number,
  notBefore = now,
): number | null {
  const step = retryAfterMinutes[Math.min(Math.max(attempts, 1), retryAfterMinutes.length) - 1] ?? 240
  const at = now + Math.round(step * MINUTE_MS * (0.8 + 0.4 * random))
  const last = queuedAt + GIVE_UP_AFTER_MS
  if (now >= last) return null
  return Math.min(Math.max(at, notBefore), last)
}

/** True when a delivery has waited so long that it is given up untried. */
export function isOverdue(queuedAt: number, now: number): boolean {
  return now >= queuedAt + GIVE_UP_AFTER_MS + LAST_CHANCE_MS
}
