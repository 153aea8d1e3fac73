import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { Job, SendDraft } from '../jobs/model.ts'
import type { FullDraft } from './model.ts'
import { submitDraft } from './send.ts'

/** What goes wrong so often, over half an hour, will not go well. */
const MAX_ATTEMPTS = 11
/** How long after its time a draft may wait for a mailbox that sends too much. */
const MAX_LATE_MS = 3_600_000

/**
 * Sends a draft whose time has come. A crash anywhere delays it: the job runs again, and the draft is gone only in the transaction
 * that queues its message, so two nodes never both queue one. What is refused stays a draft, with the reason.
 */
export async function sendScheduled(
  app: App,
  job: Job,
  task: SendDraft,
): Promise<{ task: SendDraft; runAt: number } | undefined> {
  const due = { mailboxId: task.mailboxId, id: task.draftId, jobId: job.id }
  const draft = await app.store.run('drafts.begin-sending', due)
  if (!draft) return undefined
  try {
    await submitDue(app, draft)
    return undefined
  } catch (error) {
    // Our lease ran out and somebody else is at it: theirs to say what becomes of it.
    if (error instanceof Failure && error.code === 'conflict') throw error
    const runAt = roomAgainAt(app, draft, error)
    if (runAt === undefined && !mayPass(job, error)) {
      await app.store.run('drafts.fail', { ...due, reason: reasonOf(error) })
      return undefined
    }
    await app.store.run('drafts.put-off', due)
    if (runAt === undefined) throw error
    return { task, runAt }
  }
}

async function submitDue(app: App, draft: FullDraft): Promise<void> {
  const mailbox = await app.store.read.mailboxes.get(draft.orgId, draft.mailboxId)
  if (!mailbox) return
  const { id, generation, jobId, scheduledBy } = draft
  const consumes = { id, generation, jobId, by: scheduledBy }
  await submitDraft(app, mailbox, draft, { idempotencyKey: null, consumes })
}

/** When a mailbox that sends too fast may send again; undefined when that is not what is wrong, or was for too long. */
function roomAgainAt(app: App, draft: FullDraft, error: unknown): number | undefined {
  if (!(error instanceof Failure) || error.code !== 'rate_limited') return undefined
  const runAt = app.clock.now() + (error.retryAfterSeconds ?? 60) * 1000
  return runAt <= (draft.sendAt ?? 0) + MAX_LATE_MS ? runAt : undefined
}

function mayPass(job: Job, error: unknown): boolean {
  return error instanceof Failure ? error.code === 'unavailable' : job.attempts < MAX_ATTEMPTS
}

function reasonOf(error: unknown): string {
  return error instanceof Failure ? error.message : 'The message could not be made'
}
