import type { Clock } from '../clock.ts'
import type { ApiKeyId } from '../ids.ts'
import type { Store } from '../store.ts'

const WRITE_EVERY_MS = 60_000

/** Notes when keys were used, at most once a minute for each, without making anybody wait. */
export interface KeyUses {
  note(id: ApiKeyId, lastKnown: number | null): void
}

/** Collects uses and writes them behind the requests. A crash loses at most a minute of `usedAt`. */
export function keyUsesOf(clock: Clock, store: Store): KeyUses {
  const written = new Map<ApiKeyId, number>()
  return {
    note(id, lastKnown) {
      const now = clock.now()
      if (now - Math.max(lastKnown ?? 0, written.get(id) ?? 0) < WRITE_EVERY_MS) return
      if (written.size > 10_000) written.clear()
      written.set(id, now)
      store.run('accounts.touch-keys', { uses: [{ id, usedAt: now }] }).catch(() => written.delete(id))
    },
  }
}
