import type { JobId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { Job, JobTask } from './model.ts'

/** Adds a job to run at `runAt`. */
export async function scheduleJob(tx: Tx, input: { task: JobTask; runAt: number }): Promise<void> {
  await tx.jobs.add(input.task, input.runAt)
}

/** Adds a job that goes on for ever, unless it is there. */
export async function ensureJob(tx: Tx, input: { task: JobTask; runAt: number }): Promise<void> {
  await tx.jobs.ensure(input.task, input.runAt)
}

/** Takes due jobs for one worker. */
export async function claimJobs(tx: Tx, input: { leaseMs: number; limit: number }): Promise<Job[]> {
  return tx.jobs.claim(tx.now, tx.now + input.leaseMs, input.limit)
}

/** Gives back what workers held. Only for a moment when none works: see `joinWorkers`. */
export async function releaseAllJobs(tx: Tx, _input: Record<string, never>): Promise<void> {
  await tx.jobs.releaseAll()
}

/** The job is done and forgotten. */
export async function finishJob(tx: Tx, input: { id: JobId }): Promise<void> {
  await tx.jobs.done(input.id)
}

/** The job failed and is due again at `runAt`. */
export async function retryJob(tx: Tx, input: { id: JobId; runAt: number }): Promise<void> {
  await tx.jobs.retry(input.id, input.runAt)
}

/** One bite of the job is done; the next one is due at `runAt`. */
export async function goOnWithJob(tx: Tx, input: { id: JobId; task: JobTask; runAt: number }): Promise<void> {
  await tx.jobs.goOn(input.id, input.task, input.runAt)
}
