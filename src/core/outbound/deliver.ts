import type { App } from '../app.ts'
import type { CommandInput } from '../commands.ts'
import { Failure } from '../errors.ts'
import { type CapturedId, newId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { resolveRecipient } from '../mailboxes/resolve-recipient.ts'
import { suppressedAmong } from '../suppressions/check.ts'
import type { Answer } from './answer.ts'
import { nextAttemptAt } from './backoff.ts'
import { deliverHere } from './deliver-here.ts'
import { deliverOutside } from './deliver-outside.ts'
import type { Captured, Delivery } from './model.ts'
import type { DeliveryOutcome } from './store.ts'

/** Claimed deliveries of one message that go the same way, and the bytes to hand over. */
export interface Parcel {
  deliveries: Delivery[]
  raw: Buffer
}

export type Outcomes = CommandInput<'outbound.record'>

/** Tries one parcel and answers what is to be put on record. Throws only before anything was handed over. */
export async function deliver(app: App, parcel: Parcel): Promise<Outcomes> {
  const [first] = parcel.deliveries
  if (!first) throw new Error('A parcel has deliveries')
  const { suppressed, local, remote } = await sort(app, parcel.deliveries)
  const answers = new Map<Delivery, Answer>([
    ...suppressed,
    ...(await deliverHere(app, parcel.raw, first.mailFrom, local)),
    ...(await deliverOutside(app, parcel.raw, remote)),
  ])
  return {
    mailboxId: first.mailboxId,
    messageId: first.messageId,
    outcomes: [...answers].map(([delivery, answer]) => toOutcome(app, delivery, answer)),
    captured: toCaptured(app, first, parcel.raw, answers),
  }
}

interface Sorted {
  suppressed: [Delivery, Answer][]
  local: Map<Delivery, Mailbox | Failure>
  remote: Delivery[]
}

async function sort(app: App, deliveries: Delivery[]): Promise<Sorted> {
  const held = await suppressedAmong(app, deliveries)
  const sorted: Sorted = { suppressed: [], local: new Map(), remote: [] }
  for (const delivery of deliveries) {
    const suppression = held.get(delivery)
    if (suppression) sorted.suppressed.push([delivery, suppressedFor(suppression.reason)])
    else await sortByDestination(app, delivery, sorted)
  }
  return sorted
}

async function sortByDestination(app: App, delivery: Delivery, sorted: Sorted): Promise<void> {
  try {
    sorted.local.set(delivery, await resolveRecipient(app, delivery.recipient))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.code === 'relay_denied') sorted.remote.push(delivery)
    else sorted.local.set(delivery, error)
  }
}

function suppressedFor(reason: string): Answer {
  return { result: 'suppressed', host: null, replyCode: null, enhancedCode: null, text: `Suppressed: ${reason}` }
}

function toOutcome(app: App, delivery: Delivery, answer: Answer): DeliveryOutcome {
  const now = app.clock.now()
  const { result, host, replyCode, enhancedCode, text } = answer
  const attempt = { at: now, host, replyCode, enhancedCode, text }
  if (result !== 'temporary') {
    return { id: delivery.id, status: result === 'permanent' ? 'failed' : result, nextAttemptAt: null, attempt }
  }
  const notBefore = now + (answer.retryAfterSeconds ?? 0) * 1000
  const next = nextAttemptAt(delivery.createdAt, delivery.attemptCount + 1, now, Math.random(), notBefore)
  return { id: delivery.id, status: next === null ? 'failed' : 'queued', nextAttemptAt: next, attempt }
}

function toCaptured(
  app: App,
  first: Delivery,
  raw: Buffer,
  answers: Map<Delivery, Answer>,
): Omit<Captured, 'subject'> | null {
  const recipients = [...answers].filter(([, a]) => a.result === 'captured').map(([d]) => d.recipient)
  if (recipients.length === 0) return null
  const { orgId, mailboxId, messageId, mailFrom, blobKey } = first
  return {
    id: newId<CapturedId>(),
    ...{ orgId, mailboxId, messageId, mailFrom, recipients, blobKey },
    sizeBytes: raw.length,
    createdAt: app.clock.now(),
  }
}
