import type { App } from '../app.ts'
import type { CommandInput } from '../commands.ts'
import { Failure } from '../errors.ts'
import { type CapturedId, newId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { resolveRecipient } from '../mailboxes/resolve-recipient.ts'
import type { Copy } from '../messages/file-inbound.ts'
import { receive } from '../messages/receive.ts'
import { nextAttemptAt } from './backoff.ts'
import type { RecipientReply } from './mail-sender.ts'
import type { Captured, Delivery } from './model.ts'
import type { DeliveryOutcome } from './store.ts'

/** Claimed deliveries of one message that go the same way, and the bytes to hand over. */
export interface Parcel {
  deliveries: Delivery[]
  raw: Buffer
}

type Answer = Omit<RecipientReply, 'recipient' | 'result'> & { result: RecipientReply['result'] | 'captured' }

export type Outcomes = CommandInput<'outbound.record'>

/** Tries one parcel and answers what is to be put on record. Throws only before anything was handed over. */
export async function deliver(app: App, parcel: Parcel): Promise<Outcomes> {
  const [first] = parcel.deliveries
  if (!first) throw new Error('A parcel has deliveries')
  const { local, remote } = await sortByDestination(app, parcel.deliveries)
  const answers = new Map<Delivery, Answer>([
    ...(await deliverHere(app, parcel.raw, first.mailFrom, local)),
    ...(await deliverOutside(app, parcel.raw, first.mailFrom, remote)),
  ])
  return {
    mailboxId: first.mailboxId,
    messageId: first.messageId,
    outcomes: [...answers].map(([delivery, answer]) => toOutcome(app, delivery, answer)),
    captured: toCaptured(app, first, parcel.raw, answers),
  }
}

interface Sorted {
  local: Map<Delivery, Mailbox | Failure>
  remote: Delivery[]
}

async function sortByDestination(app: App, deliveries: Delivery[]): Promise<Sorted> {
  const sorted: Sorted = { local: new Map(), remote: [] }
  for (const delivery of deliveries) {
    try {
      sorted.local.set(delivery, await resolveRecipient(app, delivery.recipient))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (error.code === 'relay_denied') sorted.remote.push(delivery)
      else sorted.local.set(delivery, error)
    }
  }
  return sorted
}

async function deliverHere(
  app: App,
  raw: Buffer,
  mailFrom: string,
  local: Sorted['local'],
): Promise<[Delivery, Answer][]> {
  const copies = new Map<string, Copy>()
  for (const [delivery, mailbox] of local) {
    if (mailbox instanceof Failure) continue
    const copy = copies.get(mailbox.id) ?? { mailbox: { id: mailbox.id, orgId: mailbox.orgId }, rcptTo: [] }
    copies.set(mailbox.id, { ...copy, rcptTo: [...copy.rcptTo, delivery.recipient] })
  }
  const refusal = copies.size > 0 ? await fileHere(app, raw, mailFrom, [...copies.values()]) : undefined
  return [...local].map(([delivery, mailbox]) => [
    delivery,
    toLocalAnswer(app, mailbox instanceof Failure ? mailbox : refusal),
  ])
}

async function fileHere(app: App, raw: Buffer, mailFrom: string, copies: Copy[]): Promise<Failure | undefined> {
  try {
    const envelope = { mailFrom, helo: app.settings.mailHost, remoteAddress: null, tls: null }
    await receive(app, { source: 'local', envelope, copies, raw })
    return undefined
  } catch (error) {
    if (error instanceof Failure && error.code !== 'unavailable') return error
    app.log.warn({ err: error }, 'a local delivery failed and is tried again')
    return new Failure('unavailable', 'Try again later')
  }
}

function toLocalAnswer(app: App, refusal: Failure | undefined): Answer {
  const host = app.settings.mailHost
  if (!refusal) return { result: 'delivered', host, replyCode: 250, enhancedCode: '2.1.5', text: 'Delivered here' }
  const { code, message } = refusal
  if (code === 'unavailable') {
    return { result: 'temporary', host, replyCode: 451, enhancedCode: '4.3.0', text: message }
  }
  const enhancedCode = code === 'disabled' ? '5.2.1' : code === 'loop' ? '5.4.6' : '5.1.1'
  return { result: 'permanent', host, replyCode: 550, enhancedCode, text: message }
}

async function deliverOutside(
  app: App,
  raw: Buffer,
  mailFrom: string,
  remote: Delivery[],
): Promise<[Delivery, Answer][]> {
  const { route } = app.settings
  if (remote.length === 0) return []
  if (route.kind === 'sandbox') {
    const captured: Answer = { result: 'captured', host: null, replyCode: null, enhancedCode: null, text: 'Captured' }
    return remote.map((delivery) => [delivery, captured])
  }
  const replies = await app.sender.send(route, { mailFrom, raw, recipients: remote.map((d) => d.recipient) })
  const byRecipient = new Map(replies.map((reply) => [reply.recipient, reply]))
  return remote.map((delivery) => [delivery, byRecipient.get(delivery.recipient) ?? noAnswer])
}

const noAnswer: Answer = { result: 'temporary', host: null, replyCode: null, enhancedCode: null, text: 'No answer' }

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
