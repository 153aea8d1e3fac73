import { printId } from '../api/agents/ids.ts'
import type { Config } from '../config.ts'
import { invalid } from '../core/errors.ts'
import type { Delivery } from '../core/outbound/model.ts'
import { listQueue } from '../core/outbound/queue.ts'
import { openApp } from '../open-app.ts'
import { oneLine, table, time } from './table.ts'

export interface QueueListOptions {
  limit: string
  json?: boolean
}

/** Prints what waits to be delivered, soonest due first. */
export async function listWaiting(config: Config, options: QueueListOptions): Promise<void> {
  const limit = Number(options.limit)
  if (!/^\d{1,5}$/.test(options.limit) || limit < 1) throw invalid('--limit', 'must be a number from 1 to 99999')
  await using opened = await openApp(config)
  const { items, total } = await listQueue(opened.app, { limit })
  if (options.json) {
    console.log(JSON.stringify({ total, deliveries: items.map(toItem) }))
    return
  }
  process.stdout.write(table(['ID', 'RECIPIENT', 'STATUS', 'DUE', 'TRIES', 'LAST ANSWER'], items.map(toRow)))
  console.error(total > items.length ? `${items.length} of ${total} that wait` : `${total} wait`)
}

function toItem(delivery: Delivery) {
  return {
    id: delivery.id,
    message_id: printId('message', delivery.messageId),
    org_id: printId('organization', delivery.orgId),
    mail_from: delivery.mailFrom,
    recipient: delivery.recipient,
    status: delivery.status,
    next_attempt_at: timeOrNull(delivery.nextAttemptAt),
    lease_until: timeOrNull(delivery.leaseUntil),
    created_at: time(delivery.createdAt),
    attempts: delivery.attempts.map(({ at, host, replyCode, enhancedCode, text }) => {
      return { at: time(at), host, code: replyCode, enhanced_code: enhancedCode, text }
    }),
  }
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : time(ms)
}

function toRow(delivery: Delivery): string[] {
  const { id, recipient, status, nextAttemptAt, attemptCount, attempts } = delivery
  const last = attempts.at(-1)?.text ?? ''
  return [id, oneLine(recipient), status, time(nextAttemptAt), String(attemptCount), oneLine(last)]
}
