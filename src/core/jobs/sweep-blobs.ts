import type { App } from '../app.ts'
import type { BlobTally, SweepBlobs } from './model.ts'

export const SWEEP_EVERY_MS = 24 * 3_600_000
/** A row follows its bytes within seconds. What is older than this and has none never gets one. */
const ORPHAN_AGE_MS = 24 * 3_600_000
/** Crashes leave a few in a thousand. Where there are more, the rows may be somewhere else. */
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
  await deleteOrphans(app, orphans, { found, before: task.before })
  if (page.next !== null) return { task: { ...task, cursor: page.next, found }, runAt: now }
  return { task: { kind: task.kind, cursor: null, before: found }, runAt: now + SWEEP_EVERY_MS }
}

/**
 * Keys are in the order of time, so what one bad hour left may fill a page: what counts is a whole walk, yesterday's or this one. And
 * many that were not there yesterday may be rows that are gone, not bytes that are left: those are told today and deleted tomorrow.
 */
async function deleteOrphans(app: App, orphans: string[], walks: { found: BlobTally; before: BlobTally | undefined }) {
  const { found, before = { used: 0, orphans: 0 } } = walks
  const most = Math.max(found.orphans, before.orphans) > Math.max(found.used, before.used)
  const sudden = found.orphans > before.orphans + BELIEVABLE
  if (orphans.length > 0 && found.orphans > BELIEVABLE && (most || sudden)) {
    const counts = { orphans: found.orphans, used: found.used, before: before.orphans }
    app.log.warn(counts, 'many blobs have no row: is this the right database for them? They are kept for now')
    return
  }
  await app.blobs.delete(orphans)
  if (orphans.length > 0) app.log.info({ orphans: orphans.length }, 'blobs without a row were deleted')
}

function sum(a: BlobTally | undefined, b: BlobTally): BlobTally {
  return { used: (a?.used ?? 0) + b.used, orphans: (a?.orphans ?? 0) + b.orphans }
}
