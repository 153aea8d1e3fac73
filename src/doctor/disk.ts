import { existsSync } from 'node:fs'
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts'

const MB = 1_000_000
const LOW_BYTES = 2_000 * MB
/** Below it the largest messages are no longer taken for sure. */
const EMPTY_BYTES = 200 * MB
const SYNCS = 9
const SLOW_SYNC_MS = 50
const LOW_INODES = 10_000

/** Room on the disk of the data folder, and how long it takes to put something on it for good: every mail waits for that. */
export async function checkDisk(config: Config): Promise<Finding[]> {
  const folder = config.POSTHOUSE_DATA
  if (!existsSync(folder)) return [ok('disk', `${folder} is not there yet; the first start makes it`)]
  return [await checkSpace(folder), await checkSync(folder)]
}

async function checkSpace(folder: string): Promise<Finding> {
  const { bavail, bsize, blocks, ffree, files } = await statfs(folder)
  const free = bavail * bsize
  const room = `${Math.floor(free / MB)} MB free (${Math.floor((100 * bavail) / Math.max(blocks, 1))} %)`
  const advice = 'Make room: with a full disk mail is put off (452) and requests are refused (503)'
  if (free < EMPTY_BYTES) return fail('disk space', room, advice)
  if (free < LOW_BYTES) return warn('disk space', room, advice)
  if (files > 0 && ffree < LOW_INODES) return warn('disk space', `${room}, but only ${ffree} more files`, advice)
  return ok('disk space', room)
}

async function checkSync(folder: string): Promise<Finding> {
  const path = join(folder, `.doctor-${process.pid}`)
  try {
    const times = await timeSyncs(path)
    const median = times[Math.floor(times.length / 2)] ?? 0
    const message = `fsync takes ${median.toFixed(1)} ms, ${(times.at(-1) ?? 0).toFixed(1)} ms at most`
    if (median < SLOW_SYNC_MS) return ok('disk sync', message)
    return warn('disk sync', message, 'Every mail waits for it: a disk of its own, or a faster one, takes more mail')
  } catch (error) {
    return fail(
      'disk sync',
      `${folder} cannot be written: ${reasonOf(error)}`,
      'The user of the server must own the data folder',
    )
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
}

async function timeSyncs(path: string): Promise<number[]> {
  await using file = await open(path, 'w', 0o600)
  const times: number[] = []
  for (let i = 0; i < SYNCS; i++) {
    await file.write(Buffer.alloc(4096, i))
    const started = performance.now()
    await file.sync()
    times.push(performance.now() - started)
  }
  return times.sort((a, b) => a - b)
}
