import { createHash, randomBytes } from 'node:crypto'
import { newBlobKey } from '../core/blob-key.ts'
import type { BlobStore, Store } from '../core/store.ts'
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts'

const MINUTE_MS = 60_000
/** What is due for so long has nobody who works on it. */
const OVERDUE_MS = 5 * MINUTE_MS
const AHEAD_MS = MINUTE_MS

/** Puts a few bytes, reads them and takes them away again: what a mail will need. */
export async function checkBlobStore(blobs: BlobStore): Promise<Finding[]> {
  const advice = 'See that the disk or the bucket is there, and that we may read, write and delete in it'
  try {
    await blobs.ping()
    const bytes = randomBytes(64)
    const key = newBlobKey(createHash('sha256').update(bytes).digest('hex'))
    await blobs.put(key, bytes)
    const same = (await blobs.get(key))?.equals(bytes) === true
    await blobs.delete([key])
    return [
      same ? ok('blobs', 'written, read and deleted') : fail('blobs', 'What was written was not read back', advice),
    ]
  } catch (error) {
    return [fail('blobs', `The blob store does not answer: ${reasonOf(error)}`, advice)]
  }
}

/** How much waits, how old it is, and whether anybody works on it. */
export async function checkQueues({ read }: Store, now: number): Promise<Finding[]> {
  const depth = await read.outbound.depth()
  const oldest = await read.outbound.oldestWaiting()
  const due = await read.outbound.nextDue()
  const job = await read.jobs.nextDue()
  const advice = 'See that a server with the role "worker" runs, and what it logs'
  const message = depth === 0 ? 'empty' : `${depth} deliveries wait, the oldest for ${minutes(now - (oldest ?? now))}`
  const overdue = due !== undefined && now - due > OVERDUE_MS
  return [
    overdue ? warn('queue', `${message}; one is due for ${minutes(now - due)}`, advice) : ok('queue', message),
    job !== undefined && now - job > OVERDUE_MS
      ? warn('jobs', `One is due for ${minutes(now - job)}`, advice)
      : ok('jobs', 'none is late'),
  ]
}

/** The newest entry of the log cannot be of tomorrow, unless a clock was. */
export async function checkTimes({ read }: Store, now: number): Promise<Finding[]> {
  const position = await read.events.position()
  const [newest] = await read.events.after(position - 1, 1)
  const ahead = (newest?.createdAt ?? 0) - now
  if (ahead <= AHEAD_MS) return [ok('event log', 'nothing in the store is of the future')]
  const advice =
    'Let the machine follow a time server (chrony, systemd-timesyncd): due times and signatures go by the clock'
  return [warn('event log', `The newest entry of the log is ${minutes(ahead)} ahead of the clock`, advice)]
}

function minutes(ms: number): string {
  const all = Math.max(0, Math.round(ms / MINUTE_MS))
  return all < 120 ? `${all} min` : `${Math.round(all / 60)} h`
}
