import type { App } from '../app.ts'
import type { CommandInput } from '../commands.ts'
import { Failure } from '../errors.ts'
import { type CapturedId, newId } from '../ids.ts'
import { refusalOf, refusedAmong } from '../lists/judge.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { resolveRecipient } from '../mailboxes/resolve-recipient.ts'
import { suppressedAmong } from '../suppressions/check.ts'
import type { Answer } from './answer.ts'
import { isOverdue, nextAttemptAt } from './backoff.ts'
import { deliverHere } from './deliver-here.ts'
import { deliverOutside } from './deliver-outside.ts'
import type { Captured, Delivery } from './model.ts'
import type { DeliveryRoute } from './route.ts'
import type { DeliveryOutcome } from './store.ts'

/** Claimed deliveries of one message that go the same way, and the bytes to hand over. */
export interface Parcel {
  deliveries: Delivery[]
  raw: Buffer
  /** For those that leave; null when it cannot be read. */
  route: DeliveryRoute | null
}

export type Outcomes = CommandInput<'outbound.record'>

export interface Delivered {
  /** What is to be put on record. */
  record: Outcomes
  /** What nobody was asked about: it is no attempt, and may be tried from `untriedUntil` on. */
  untried: Delivery[]
  untriedUntil: number
}

/** Tries one parcel. Throws only before anything was handed over. */
export async function deliver(app: App, parcel: Parcel): Promise<Delivered> {
  const [first] = parcel.deliveries
  if (!first) throw new Error('A parcel has deliveries')
  const { suppressed, local, remote } = await sort(app, parcel.deliveries)
  const answers = new Map<Delivery, Answer>([
    ...suppressed,
    ...(await deliverHere(app, parcel.raw, first.mailFrom, local)),
    ...(await deliverOutside(app, parcel, remote)),
  ])
  const now = app.clock.now()
  const untried = [...answers].filter(([{ createdAt }, a]) => a.result === 'untried' && !isOverdue(createdAt, now))
  for (const [delivery] of untried) answers.delete(delivery)
  const record = {
    mailboxId: first.mailboxId,
    messageId: first.messageId,
    outcomes: [...answers].map(([delivery, answer]) => toOutcome(delivery, answer, now)),
    captured: toCaptured(app, first, parcel.raw, answers),
  }
  const waitMs = untried.map(([, { retryAfterSeconds = 1 }]) => Math.ceil(retryAfterSeconds * 1000))
  return { record, untried: untried.map(([delivery]) => delivery), untriedUntil: now + Math.max(0, ...waitMs) }
}

interface Sorted {
  suppressed: [Delivery, Answer][]
  local: Map<Delivery, Mailbox | Failure>
  remote: Delivery[]
}

async function sort(app: App, deliveries: Delivery[]): Promise<Sorted> {
  const held = await suppressedAmong(app, deliveries)
  const listed = await listedAmong(app, deliveries)
  const sorted: Sorted = { suppressed: [], local: new Map(), remote: [] }
  for (const delivery of deliveries) {
    const suppression = held.get(delivery)
    const refusal = listed.get(delivery.recipient)
    if (suppression) sorted.suppressed.push([delivery, suppressedFor(`Suppressed: ${suppression.reason}`)])
    else if (refusal) sorted.suppressed.push([delivery, suppressedFor(refusal)])
    else await sortByDestination(app, delivery, sorted)
  }
  return sorted
}

/** Why the lists of the sender forbid recipients that were allowed when the message was sent. */
async function listedAmong(app: App, deliveries: Delivery[]): Promise<Map<string, string>> {
  const [first] = deliveries
  const { lists, mailboxes } = app.store.read
  if (!first || !(await lists.inUse(first.orgId))) return new Map()
  const mailbox = await mailboxes.get(first.orgId, first.mailboxId)
  const recipients = deliveries.map(({ recipient }) => recipient)
  const refused = mailbox ? await refusedAmong(lists, mailbox, 'send', recipients) : []
  return new Map(refused.map((one) => [one.address, refusalOf(one)]))
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

function suppressedFor(text: string): Answer {
  return { result: 'suppressed', host: null, replyCode: null, enhancedCode: null, text }
}

function toOutcome(delivery: Delivery, answer: Answer, now: number): DeliveryOutcome {
  const { id, createdAt, attemptCount } = delivery
  const { result, host, replyCode, enhancedCode, text, retryAfterSeconds = 0 } = answer
  const attempt = { at: now, host, replyCode, enhancedCode, text }
  if (result === 'permanent' || result === 'untried') return { id, status: 'failed', nextAttemptAt: null, attempt }
  if (result !== 'temporary') return { id, status: result, nextAttemptAt: null, attempt }
  const notBefore = now + Math.ceil(retryAfterSeconds * 1000)
  const next = nextAttemptAt(createdAt, attemptCount + 1, now, Math.random(), notBefore)
  return { id, status: next === null ? 'failed' : 'queued', nextAttemptAt: next, attempt }
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
