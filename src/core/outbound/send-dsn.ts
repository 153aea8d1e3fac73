import { type DsnRecipient, writeDsn } from '../../protocol/dsn/write-dsn.ts'
import type { App } from '../app.ts'
import { wantsReports } from '../domains/sending-domain.ts'
import type { Job, SendDsn } from '../jobs/model.ts'
import { receive } from '../messages/receive.ts'
import { GIVE_UP_AFTER_MS } from './backoff.ts'
import { bounceOfAttempt } from './bounce.ts'
import type { Delivery } from './model.ts'

/**
 * Files a report (RFC 3464) on deliveries of a message in the mailbox that sent it, by the way of all mail. Run twice, it files one:
 * the report has its name from the job.
 */
export async function sendDsn(app: App, job: Job, task: SendDsn): Promise<void> {
  const { id, runAt } = job
  const [mailbox, message] = await Promise.all([
    app.store.read.mailboxes.get(task.orgId, task.mailboxId),
    app.store.read.messages.get(task.mailboxId, task.messageId),
  ])
  // The event has told it.
  if (mailbox && task.action === 'failed' && !(await wantsReports(app, mailbox))) return
  const messageId = `<${id}.dsn@${app.settings.mailHost}>`
  if (!mailbox || !message || (await app.store.read.messages.byMessageId(mailbox.id, messageId))) return
  const deliveries = await deliveriesOf(app, job, task)
  const original = await app.blobs.get(message.blobKey)
  const [first] = deliveries
  if (!first || !original) return
  const raw = writeDsn({
    host: app.settings.mailHost,
    to: first.mailFrom,
    messageId,
    at: runAt,
    arrivedAt: first.createdAt,
    recipients: deliveries.map((d) => toRecipient(d, task.action)),
    original,
  })
  const envelope = { mailFrom: '', helo: app.settings.mailHost, remoteAddress: null, tls: null }
  await receive(app, { source: 'local', envelope, copies: [{ mailbox, rcptTo: [first.mailFrom] }], raw })
}

async function deliveriesOf(app: App, { id }: Job, task: SendDsn): Promise<Delivery[]> {
  const { messageId } = task
  if (task.action === 'failed') return app.store.run('outbound.take-failures', { jobId: id, messageId })
  const deliveries = await app.store.read.outbound.ofMessage(messageId)
  // Some may have got through since the notice was planned.
  return deliveries.filter((d) => task.deliveryIds.includes(d.id) && d.status === 'queued')
}

function toRecipient(delivery: Delivery, action: SendDsn['action']): DsnRecipient {
  const last = delivery.attempts.at(-1)
  const said = [last?.replyCode, last?.enhancedCode, last?.text].filter(Boolean).join(' ')
  const status = action === 'failed' ? bounceOfAttempt(last).status : delayedStatus(last?.enhancedCode)
  return {
    address: delivery.recipient,
    action,
    status,
    ...(last?.host ? { remoteMta: last.host } : {}),
    ...(said ? { diagnostic: said } : {}),
    ...(last ? { lastAttemptAt: last.at } : {}),
    ...(action === 'delayed' ? { willRetryUntil: delivery.createdAt + GIVE_UP_AFTER_MS } : {}),
  }
}

// RFC 3464 §2.3.4: what is only late has a status of class 4.
function delayedStatus(enhancedCode: string | null | undefined): string {
  return enhancedCode?.startsWith('4.') ? enhancedCode : '4.0.0'
}
