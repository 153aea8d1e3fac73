import type { ReportedRecipient } from '../../protocol/dsn/report.ts'
import type { DeliveryId, MailboxId } from '../ids.ts'
import type { Message } from '../messages/model.ts'
import type { Tx } from '../store.ts'
import { canonicalOf } from '../suppressions/check.ts'
import { type Bounce, bounceOf } from './bounce.ts'
import type { Delivery } from './model.ts'
import { append, settle } from './settle.ts'
import type { DeliveryOutcome } from './store.ts'

/** How a report shows that it is about a mail of ours: it came to a return path that only we can make, or it names the message. */
export type Proof = { by: 'return-path'; deliveryId: DeliveryId } | { by: 'message-id'; messageId: string }

/** What somebody outside says became of a mail that this mailbox sent. Anybody can say such things. */
export interface News {
  mailboxId: MailboxId
  proof: Proof
  kind: 'bounce' | 'delayed' | 'complaint'
  recipients: ReportedRecipient[]
  /** Told as events only: the mail that brings it is not filed where it is about mail of ours. */
  quiet?: boolean
}

/**
 * Believes a report as far as its proof goes, and puts on record what it tells. False when it is about no delivery of ours: then it
 * changes nothing.
 */
export async function applyReport(tx: Tx, news: News): Promise<boolean> {
  const message = await findMessage(tx, news)
  if (message?.direction !== 'outbound') return false
  await tx.hold(`message ${message.id}`)
  const deliveries = await tx.outbound.ofMessage(message.id)
  const told = matchDeliveries(deliveries, news)
  const saying = (what: Says) => told.filter(([, said]) => says(news, said) === what)
  const failed = saying('failed').filter(([delivery]) => mayFail(delivery, news.proof))
  const complained = saying('complained').filter(wasHandedOver)
  await recordFailures(tx, message, failed)
  await recordDelays(tx, saying('delayed').filter(wasHandedOver))
  await recordComplaint(tx, message, complained)
  if (!isProven(deliveries, news.proof)) return told.length > 0
  const dead = failed.filter(([, said]) => said.hard)
  await suppress(tx, dead, 'hard_bounce')
  await suppress(tx, complained, 'complaint')
  return told.length > 0
}

type Told = [delivery: Delivery, said: ReportedRecipient]

async function findMessage(tx: Tx, { mailboxId, proof }: News): Promise<Message | undefined> {
  if (proof.by === 'message-id') return tx.messages.byMessageId(mailboxId, proof.messageId)
  const delivery = await tx.outbound.get(proof.deliveryId)
  return delivery?.mailboxId === mailboxId ? tx.messages.get(mailboxId, delivery.messageId) : undefined
}

/** Each reported recipient with the delivery it is about. */
function matchDeliveries(deliveries: Delivery[], { proof, recipients }: News): Told[] {
  const named = proof.by === 'return-path' ? deliveries.find((d) => d.id === proof.deliveryId) : undefined
  // A return path proves something of the domain it was shown to, and nothing of other recipients of the message.
  const group = named ? deliveries.filter((d) => d.domain === named.domain) : deliveries
  const told = matchByAddress(group, recipients)
  const [only] = recipients
  if (told.length > 0 || !only || recipients.length > 1 || !named) return told
  // Forwarded, or nameless: still certain when only one recipient left under this return path.
  return group.length === 1 ? [[named, only]] : []
}

function matchByAddress(deliveries: Delivery[], recipients: ReportedRecipient[]): Told[] {
  const byAddress = new Map(deliveries.map((d) => [canonicalOf(d.recipient), d]))
  const told = new Map<Delivery, ReportedRecipient>()
  for (const said of recipients) {
    const names = [said.originalRecipient, said.address, said.alias].flatMap((name) => (name ? canonicalOf(name) : []))
    const delivery = names.map((name) => byAddress.get(name)).find((d) => d !== undefined)
    if (delivery && !told.has(delivery)) told.set(delivery, said)
  }
  return [...told]
}

type Says = 'failed' | 'delayed' | 'complained' | 'nothing'

// Programs that vouch for a mail, and receivers that report on their checks, send the same kind of report as readers who complain.
const noComplaints = new Set(['not-spam', 'auth-failure', 'dmarc'])

function says(news: News, { action, feedbackType }: ReportedRecipient): Says {
  if (news.kind === 'complaint') return noComplaints.has(feedbackType?.toLowerCase() ?? '') ? 'nothing' : 'complained'
  if (action === 'failed' || action === null) return news.kind === 'delayed' ? 'delayed' : 'failed'
  return action === 'delayed' ? 'delayed' : 'nothing'
}

const handedOver: ReadonlySet<Delivery['status']> = new Set(['sent', 'delivered', 'captured'])
// The peer took the mail and its last reply was lost: we still wait, and it has given up already.
const underWay: ReadonlySet<Delivery['status']> = new Set(['queued', 'sending'])

function wasHandedOver([{ status }]: Told): boolean {
  return handedOver.has(status)
}

function mayFail({ status }: Delivery, proof: Proof): boolean {
  return handedOver.has(status) || (proof.by === 'return-path' && underWay.has(status))
}

async function recordFailures(tx: Tx, message: Message, failed: Told[]): Promise<void> {
  if (failed.length === 0) return
  await tx.outbound.record(
    failed.map((told) => ({ ...toOutcome(told, tx.now), status: 'failed' as const })),
    tx.now,
  )
  const bounces = new Map<DeliveryId, Bounce>(failed.map(([d, said]) => [d.id, bounceOf(said)]))
  const deliveries = await tx.outbound.ofMessage(message.id)
  await settle(tx, message, { deliveries, changed: new Set(bounces.keys()), bounces })
}

async function recordDelays(tx: Tx, late: Told[]): Promise<void> {
  await tx.outbound.record(
    late.map((told) => toOutcome(told, tx.now)),
    tx.now,
  )
}

function toOutcome([delivery, said]: Told, at: number): DeliveryOutcome {
  const { remoteMta, replyCode, status, diagnostic } = said
  const text = `Reported ${said.action ?? 'failed'}: ${diagnostic ?? said.reason}`.slice(0, 1000)
  const code = Number(replyCode) || null
  const attempt = { at, host: remoteMta, replyCode: code, enhancedCode: status, text }
  return { id: delivery.id, status: delivery.status, nextAttemptAt: null, attempt }
}

async function recordComplaint(tx: Tx, message: Message, complained: Told[]): Promise<void> {
  const [first] = complained
  if (!first || message.status === 'complained') return
  await tx.messages.updateStatus(message.id, 'complained', tx.now)
  const recipients = complained.map(([delivery]) => delivery.recipient)
  const payload = { complaintType: first[1].feedbackType ?? 'abuse', subType: null, recipients }
  await append(tx, message, { type: 'message.complained', payload })
}

// A Message-ID is no secret: replies carry it on to whoever joins the thread. And of several who were written to under one return
// path, one may speak in the name of another. So only a return path that was shown to a single recipient proves who is dead.
function isProven(deliveries: Delivery[], proof: Proof): boolean {
  if (proof.by !== 'return-path') return false
  const named = deliveries.find((d) => d.id === proof.deliveryId)
  return deliveries.filter((d) => d.domain === named?.domain).length === 1
}

async function suppress(tx: Tx, told: Told[], reason: 'hard_bounce' | 'complaint'): Promise<void> {
  for (const [{ orgId, id, recipient }] of told) {
    const fields = { address: canonicalOf(recipient), reason, deliveryId: id }
    await tx.suppressions.add({ orgId, ...fields, createdAt: tx.now })
  }
}
