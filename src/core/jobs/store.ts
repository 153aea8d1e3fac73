import type { JobId } from '../ids.ts'
import type { Job, JobTask } from './model.ts'

export interface JobReader {
  nextDue(): Promise<number | undefined>
  /** The time until which no blob may be deleted; undefined when they may. */
  blobsHeldUntil(now: number): Promise<number | undefined>
}

export interface JobWriter extends JobReader {
  add(task: JobTask, runAt: number): Promise<JobId>
  /** Adds it unless there is a job of its kind. */
  ensure(task: JobTask, runAt: number): Promise<void>
  /** Takes up to `limit` due jobs; each is nobody else's until `leaseUntil`. */
  claim(now: number, leaseUntil: number, limit: number): Promise<Job[]>
  holdBlobs(id: string, until: number): Promise<void>
  /** Ends this hold, and forgets those that have run out. */
  releaseBlobs(id: string, now: number): Promise<void>
  /** Ends every lease. */
  releaseAll(): Promise<void>
  done(id: JobId): Promise<void>
  retry(id: JobId, runAt: number): Promise<void>
  /** The same job is due again with another task, as if it had never run. */
  goOn(id: JobId, task: JobTask, runAt: number): Promise<void>
}
