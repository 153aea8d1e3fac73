import type { App } from '../app.ts'
import type { BlobTally, SweepBlobs } from './model.ts'

export const SWEEP_EVERY_MS = 24 * 3_600_000
/** A row follows its bytes within seconds. What is older than this and has none never gets one. */
const ORPHAN_AGE_MS = 24 * 3_600_000
/** Crashes leave a few in a thousand. Where most are orphans, and a page has more than these, the rows are more likely somewhere else. */
const BELIEVABLE = 10

/**
 * One bite of the daily look through all blobs: deletes those that a crash left between the bytes and their row.
 * Answers the next bite, after the last one that of tomorrow.
 */
export async function sweepBlobs(app: App, task: SweepBlobs): Promise<{ task: SweepBlobs; runAt: number }> {
  const now = app.clock.now()
  const page = await app.blobs.list?.(now - ORPHAN_AGE_MS, task.cursor)
  if (!page) return { task, runAt: now + SWEEP_EVERY_MS }
  const used = await app.store.read.messages.referencedBlobs(page.keys)
  const orphans = page.keys.filter((key) => !used.has(key))
  const found = sum(task.found, { used: page.keys.length - orphans.length, orphans: orphans.length })
  await deleteOrphans(app, orphans, task.before ? larger(task.before, found) : found)
  if (page.next !== null) return { task: { ...task, cursor: page.next, found }, runAt: now }
  return { task: { kind: task.kind, cursor: null, before: found }, runAt: now + SWEEP_EVERY_MS }
}

// Keys are in the order of time, so what one bad hour left may fill a page: what counts is a whole walk, yesterday's or this one.
async function deleteOrphans(app: App, orphans: string[], found: BlobTally): Promise<void> {
  if (orphans.length > BELIEVABLE && found.orphans > found.used) {
    const most = 'most blobs have no row: is this the right database for them? They are kept'
    app.log.warn({ orphans: orphans.length, of: found }, most)
    return
  }
  await app.blobs.delete(orphans)
  if (orphans.length > 0) app.log.info({ orphans: orphans.length }, 'blobs without a row were deleted')
}

function sum(a: BlobTally | undefined, b: BlobTally): BlobTally {
  return { used: (a?.used ?? 0) + b.used, orphans: (a?.orphans ?? 0) + b.orphans }
}

function larger(a: BlobTally, b: BlobTally): BlobTally {
  return { used: Math.max(a.used, b.used), orphans: Math.max(a.orphans, b.orphans) }
}
