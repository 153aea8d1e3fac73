import type { OrgId, WebhookDeliveryId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { type Calendar, calendarOf, nextAttemptAt } from './calendar.ts'
import { disableWebhook } from './commands.ts'
import type { Webhook, WebhookAttempt, WebhookDelivery } from './model.ts'
import type { WebhookOutcome } from './store.ts'

export interface AttemptReport {
  orgId: OrgId
  id: WebhookDeliveryId
  attempt: WebhookAttempt
  retryAfterSeconds: number | null
  /** From 0 to 1, for the jitter. */
  random: number
}

/** Puts one attempt on record: what becomes of the delivery, and what the webhook's failures lead to. */
export async function recordAttempt(tx: Tx, report: AttemptReport): Promise<void> {
  const delivery = await tx.webhooks.hold(report.orgId, report.id)
  if (!delivery) return
  const webhook = await tx.webhooks.get(report.orgId, delivery.webhookId)
  await tx.webhooks.record(outcomeOf(tx.now, delivery, webhook, report), tx.now)
  if (webhook?.enabled) await countFailures(tx, webhook, report.attempt)
}

function outcomeOf(
  now: number,
  delivery: WebhookDelivery,
  webhook: Webhook | undefined,
  { id, attempt, random, retryAfterSeconds }: AttemptReport,
): WebhookOutcome {
  const ended = { id, attempt, nextAttemptAt: null }
  if (isSuccess(attempt)) return { ...ended, state: 'delivered' }
  // Cancelled while it was under way, or told by another worker after our lease was over: what was said stays true.
  if (delivery.state !== 'pending') return { ...ended, state: delivery.state }
  if (!webhook?.enabled) return { ...ended, state: 'cancelled' }
  if (attempt.status === 410) return { ...ended, state: 'dead' }
  const asked = attempt.status === 429 || attempt.status === 503 ? retryAfterSeconds : null
  const next = nextAttemptAt(calendarOf(webhook.style), delivery.attemptCount + 1, now, random, asked)
  return { ...ended, state: next === null ? 'dead' : 'pending', nextAttemptAt: next }
}

function isSuccess({ status }: WebhookAttempt): boolean {
  return status !== null && status >= 200 && status < 300
}

async function countFailures(tx: Tx, webhook: Webhook, attempt: WebhookAttempt): Promise<void> {
  if (isSuccess(attempt)) {
    if (webhook.failures > 0) await tx.webhooks.clearFailures(webhook.id)
    return
  }
  const { failures, failingSince } = await tx.webhooks.countFailure(webhook.id, attempt.at)
  const calendar = calendarOf(webhook.style)
  const reason = reasonToDisable(calendar, failingSince, attempt, tx.now)
  if (reason) return disableWebhook(tx, webhook, reason)
  const { pauseAfter } = calendar
  if (pauseAfter && failures >= pauseAfter.failures) await tx.webhooks.pause(webhook.id, tx.now + pauseAfter.pauseMs)
}

function reasonToDisable(
  { goneDisables, disableAfterMs }: Calendar,
  since: number,
  attempt: WebhookAttempt,
  now: number,
) {
  if (attempt.status === 410 && goneDisables) return 'gone'
  return disableAfterMs !== null && now - since >= disableAfterMs ? 'failing' : undefined
}
