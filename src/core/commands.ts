import { createKey, deleteKey, touchKeys, updateKey } from './accounts/key-commands.ts'
import { createOrganization, ensureFirstOrganization } from './accounts/organization-commands.ts'
import { createProject, deleteProject } from './accounts/project-commands.ts'
import { beginDomainCheck, createDomain, deleteDomain, recordDomainCheck, updateDomain } from './domains/commands.ts'
import { activateDkimKeys, addDkimKeys, addFirstDkimKeys } from './domains/dkim-keys/commands.ts'
import { ensurePlatformDomain } from './domains/platform-domain.ts'
import { setDomainRoute } from './domains/routes/commands.ts'
import { createDraft, deleteDraft, replaceDraft } from './drafts/commands.ts'
import { beginSending, failDraft, putOffDraft } from './drafts/schedule-commands.ts'
import { beginIdempotent, forgetIdempotent, renewIdempotent, sweepIdempotent } from './idempotency/commands.ts'
import {
  claimImapSource,
  claimImapSources,
  createImapSource,
  deleteImapSource,
  finishImapFetch,
  passImapMessage,
  postponeImapFetch,
  releaseImapSources,
  settleImapMessages,
  updateImapSource,
} from './imap-sources/commands.ts'
import { holdBlobs, releaseBlobs } from './jobs/blob-holds.ts'
import { claimJobs, ensureJob, finishJob, goOnWithJob, releaseAllJobs, retryJob, scheduleJob } from './jobs/commands.ts'
import { addListEntry, removeListEntry } from './lists/commands.ts'
import { clearCatchAll, putCatchAll } from './mailboxes/catch-all-commands.ts'
import { createMailbox, deleteMailbox, expireMailbox, purgeMailbox, updateMailbox } from './mailboxes/commands.ts'
import { configureMailbox, createHookMailbox, createWithWebhook } from './mailboxes/hook-commands.ts'
import { deleteMessage } from './messages/delete-command.ts'
import { markFetched } from './messages/fetch-command.ts'
import { fileInbound } from './messages/file-inbound.ts'
import { handleFirst, handleMessages } from './messages/handle-commands.ts'
import { labelMessage, labelMessages } from './messages/label-command.ts'
import { openMessage } from './messages/open-command.ts'
import { sweepExpiredMessages } from './messages/sweep-expired.ts'
import {
  claimDeliveries,
  recordOutcomes,
  releaseAllDeliveries,
  releaseDeliveries,
  renewDeliveries,
} from './outbound/delivery-commands.ts'
import { enqueueOutbound } from './outbound/enqueue-command.ts'
import { cancelDelivery, hurryDeliveries } from './outbound/operator-commands.ts'
import { takeFailures } from './outbound/plan-notices.ts'
import { applyReport } from './outbound/report-command.ts'
import { signUp, verifySignUp } from './sign-up/commands.ts'
import { followStatistics, sweepStatistics } from './statistics/follow-command.ts'
import type { Tx } from './store.ts'
import { setCredential } from './submission/commands.ts'
import { addSuppression, removeSuppression } from './suppressions/commands.ts'
import { deleteThread } from './threads/delete-command.ts'
import { labelThread } from './threads/label-command.ts'
import { createWebhook, deleteWebhook, updateWebhook } from './webhooks/commands.ts'
import {
  cancelWebhookDelivery,
  claimWebhookDeliveries,
  enqueueSamples,
  followEvents,
  releaseWebhookDeliveries,
  replayWebhookDelivery,
  sweepWebhookDeliveries,
} from './webhooks/delivery-commands.ts'
import { recordAttempt } from './webhooks/record-command.ts'
import { ensureSecret, rotateSecret } from './webhooks/secret-commands.ts'

/** Everything that changes rows. Each runs in one transaction; a store runs them by name, so a name is all that crosses a thread. */
export const commands = {
  'accounts.create-organization': createOrganization,
  'accounts.ensure-first-organization': ensureFirstOrganization,
  'accounts.create-project': createProject,
  'accounts.delete-project': deleteProject,
  'accounts.create-key': createKey,
  'accounts.update-key': updateKey,
  'accounts.delete-key': deleteKey,
  'accounts.touch-keys': touchKeys,
  'domains.ensure-platform': ensurePlatformDomain,
  'domains.set-route': setDomainRoute,
  'domains.create': createDomain,
  'domains.delete': deleteDomain,
  'domains.update': updateDomain,
  'domains.begin-check': beginDomainCheck,
  'domains.record-check': recordDomainCheck,
  'dkim-keys.add-first': addFirstDkimKeys,
  'dkim-keys.add': addDkimKeys,
  'dkim-keys.activate': activateDkimKeys,
  'mailboxes.create': createMailbox,
  'mailboxes.create-with-webhook': createWithWebhook,
  'mailboxes.update': updateMailbox,
  'mailboxes.delete': deleteMailbox,
  'mailboxes.expire': expireMailbox,
  'mailboxes.purge': purgeMailbox,
  'mailboxes.set-catch-all': putCatchAll,
  'mailboxes.clear-catch-all': clearCatchAll,
  'mailboxes.create-hook': createHookMailbox,
  'mailboxes.configure': configureMailbox,
  'messages.file': fileInbound,
  'messages.label': labelMessage,
  'messages.label-many': labelMessages,
  'messages.open': openMessage,
  'messages.delete': deleteMessage,
  'messages.handle': handleMessages,
  'messages.handle-first': handleFirst,
  'messages.sweep-expired': sweepExpiredMessages,
  'threads.delete': deleteThread,
  'threads.label': labelThread,
  'messages.mark-fetched': markFetched,
  'drafts.create': createDraft,
  'drafts.replace': replaceDraft,
  'drafts.delete': deleteDraft,
  'drafts.begin-sending': beginSending,
  'drafts.put-off': putOffDraft,
  'drafts.fail': failDraft,
  'outbound.enqueue': enqueueOutbound,
  'outbound.claim': claimDeliveries,
  'outbound.record': recordOutcomes,
  'outbound.release': releaseDeliveries,
  'outbound.release-all': releaseAllDeliveries,
  'outbound.renew': renewDeliveries,
  'outbound.report': applyReport,
  'outbound.take-failures': takeFailures,
  'outbound.cancel': cancelDelivery,
  'outbound.hurry': hurryDeliveries,
  'submission.set-credential': setCredential,
  'suppressions.add': addSuppression,
  'suppressions.remove': removeSuppression,
  'lists.add': addListEntry,
  'lists.remove': removeListEntry,
  'idempotency.begin': beginIdempotent,
  'idempotency.renew': renewIdempotent,
  'idempotency.forget': forgetIdempotent,
  'idempotency.sweep': sweepIdempotent,
  'jobs.schedule': scheduleJob,
  'jobs.ensure': ensureJob,
  'jobs.claim': claimJobs,
  'jobs.release-all': releaseAllJobs,
  'jobs.done': finishJob,
  'jobs.retry': retryJob,
  'jobs.go-on': goOnWithJob,
  'blobs.hold': holdBlobs,
  'blobs.release': releaseBlobs,
  'sign-up.begin': signUp,
  'sign-up.verify': verifySignUp,
  'statistics.follow': followStatistics,
  'statistics.sweep': sweepStatistics,
  'webhooks.create': createWebhook,
  'webhooks.update': updateWebhook,
  'webhooks.delete': deleteWebhook,
  'webhooks.ensure-secret': ensureSecret,
  'webhooks.rotate-secret': rotateSecret,
  'webhooks.enqueue-samples': enqueueSamples,
  'webhooks.replay': replayWebhookDelivery,
  'webhooks.follow': followEvents,
  'webhooks.claim': claimWebhookDeliveries,
  'webhooks.record': recordAttempt,
  'webhooks.cancel': cancelWebhookDelivery,
  'webhooks.release': releaseWebhookDeliveries,
  'webhooks.sweep': sweepWebhookDeliveries,
  'imap-sources.create': createImapSource,
  'imap-sources.update': updateImapSource,
  'imap-sources.delete': deleteImapSource,
  'imap-sources.claim': claimImapSources,
  'imap-sources.claim-one': claimImapSource,
  'imap-sources.pass': passImapMessage,
  'imap-sources.settle': settleImapMessages,
  'imap-sources.finish': finishImapFetch,
  'imap-sources.postpone': postponeImapFetch,
  'imap-sources.release': releaseImapSources,
} satisfies Record<string, (tx: Tx, input: never) => Promise<unknown>>

type Commands = typeof commands
export type CommandName = keyof Commands
export type CommandInput<K extends CommandName> = Parameters<Commands[K]>[1]
export type CommandOutput<K extends CommandName> = Awaited<ReturnType<Commands[K]>>
