import { createKey, deleteKey, touchKeys } from './accounts/key-commands.ts'
import { createOrganization, ensureFirstOrganization } from './accounts/organization-commands.ts'
import { activateDkimKeys, addDkimKeys, addFirstDkimKeys } from './domains/dkim-keys/commands.ts'
import { ensurePlatformDomain } from './domains/platform-domain.ts'
import { beginIdempotent, forgetIdempotent, sweepIdempotent } from './idempotency/commands.ts'
import { claimJobs, finishJob, retryJob, scheduleJob } from './jobs/commands.ts'
import { createMailbox, deleteMailbox, purgeMailbox, updateMailbox } from './mailboxes/commands.ts'
import { fileInbound } from './messages/file-inbound.ts'
import { labelMessage } from './messages/label-command.ts'
import {
  claimDeliveries,
  recordOutcomes,
  releaseAllDeliveries,
  releaseDeliveries,
  renewDeliveries,
} from './outbound/delivery-commands.ts'
import { enqueueOutbound } from './outbound/enqueue-command.ts'
import type { Tx } from './store.ts'
import { deleteThread } from './threads/delete-command.ts'

/** Everything that changes rows. Each runs in one transaction; a store runs them by name, so a name is all that crosses a thread. */
export const commands = {
  'accounts.create-organization': createOrganization,
  'accounts.ensure-first-organization': ensureFirstOrganization,
  'accounts.create-key': createKey,
  'accounts.delete-key': deleteKey,
  'accounts.touch-keys': touchKeys,
  'domains.ensure-platform': ensurePlatformDomain,
  'dkim-keys.add-first': addFirstDkimKeys,
  'dkim-keys.add': addDkimKeys,
  'dkim-keys.activate': activateDkimKeys,
  'mailboxes.create': createMailbox,
  'mailboxes.update': updateMailbox,
  'mailboxes.delete': deleteMailbox,
  'mailboxes.purge': purgeMailbox,
  'messages.file': fileInbound,
  'messages.label': labelMessage,
  'threads.delete': deleteThread,
  'outbound.enqueue': enqueueOutbound,
  'outbound.claim': claimDeliveries,
  'outbound.record': recordOutcomes,
  'outbound.release': releaseDeliveries,
  'outbound.release-all': releaseAllDeliveries,
  'outbound.renew': renewDeliveries,
  'idempotency.begin': beginIdempotent,
  'idempotency.forget': forgetIdempotent,
  'idempotency.sweep': sweepIdempotent,
  'jobs.schedule': scheduleJob,
  'jobs.claim': claimJobs,
  'jobs.done': finishJob,
  'jobs.retry': retryJob,
} satisfies Record<string, (tx: Tx, input: never) => Promise<unknown>>

type Commands = typeof commands
export type CommandName = keyof Commands
export type CommandInput<K extends CommandName> = Parameters<Commands[K]>[1]
export type CommandOutput<K extends CommandName> = Awaited<ReturnType<Commands[K]>>
