import type { App } from '../app.ts'
import type { SweepBlobs } from './model.ts'

export const SWEEP_EVERY_MS = 24 * 3_600_000
/** A row follows its bytes within seconds. What is older than this and has none never gets one. */
const ORPHAN_AGE_MS = 24 * 3_600_000
/** Crashes leave a few in a thousand. Where most are orphans, more than these, the rows are more likely somewhere else. */
const BELIEVABLE = 10

/**
 * One bite of the daily look through all blobs: deletes those that a crash left between the bytes and their row.
 * Answers the next bite, after the last one that of tomorrow.
 */
export async function sweepBlobs(app: App, task: SweepBlobs): Promise<{ task: SweepBlobs; runAt: number }> {
  const now = app.clock.now()
  const tomorrow = { task: { ...task, cursor: null }, runAt: now + SWEEP_EVERY_MS }
  const page = await app.blobs.list?.(now - ORPHAN_AGE_MS, task.cursor)
  if (!page) return tomorrow
  const used = await app.store.read.messages.referencedBlobs(page.keys)
  const orphans = page.keys.filter((key) => !used.has(key))
  if (orphans.length > Math.max(BELIEVABLE, page.keys.length / 2)) {
    const found = { orphans: orphans.length, of: page.keys.length }
    app.log.warn(found, 'most blobs have no row: is this the right database for them? Nothing is deleted')
    return tomorrow
  }
  await app.blobs.delete(orphans)
  if (orphans.length > 0) app.log.info({ orphans: orphans.length }, 'blobs without a row were deleted')
  return page.next === null ? tomorrow : { task: { ...task, cursor: page.next }, runAt: now }
}
