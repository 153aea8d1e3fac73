import { type MailboxId, type MessageId, newId, type PartId, type ThreadId } from '../ids.ts'
import { advance } from '../imap-sources/commands.ts'
import type { FetchedMark } from '../imap-sources/model.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import {
  type Arrival,
  type DropReason,
  isExpired,
  maxBytesOf,
  refusalOf,
  type SizeSettings,
} from '../mailboxes/policy.ts'
import { applyReport, type News } from '../outbound/report-command.ts'
import type { Tx } from '../store.ts'
import { placeInThread } from '../threads/place.ts'
import { resolveThread } from '../threads/resolve.ts'
import { eraseMessages } from './delete-command.ts'
import type { HidingFlag } from './hiding.ts'
import { isBlocked, variantOf } from './intake-lists.ts'
import type { Envelope, MailboxAddress, Message, MessageContent, Part, Source } from './model.ts'
import type { Suspicion } from './suspicion.ts'

/** How a Message-ID begins that we made for a mail which had none, or one that is taken. */
export const NAME_OF_OURS = '<msg_'

/** Of a subject, in the log. */
const MAX_TOLD = 200

/** A mail that was read and judged, before it is anybody's. */
export interface ReadMail {
  source: Source
  /** Null when the mail has none, or none that is well formed. */
  messageId: string | null
  from: MailboxAddress[]
  to: MailboxAddress[]
  cc: MailboxAddress[]
  replyTo: MailboxAddress[]
  subject: string | null
  preview: string | null
  inReplyTo: string | null
  references: string[]
  sentAt: number | null
  sizeBytes: number
  sha256: string
  blobKey: string
  attachments: Omit<Part, 'id'>[]
  content: Omit<MessageContent, 'envelope'>
  suspicion: Suspicion
  envelope: Omit<Envelope, 'rcptTo'>
}

/** One mailbox that is to have the mail, and the envelope recipients that led to it. */
export interface Copy {
  mailbox: Pick<Mailbox, 'id' | 'orgId' | 'projectId'>
  rcptTo: string[]
}

/**
 * `duplicate`: the same bytes are there already. `gone`: the mailbox was deleted meanwhile. `told`: it was a report, for events only.
 * `dropped`: the policy of the mailbox does not let it in. `withheld`: it is larger than is usual, and so refused for all.
 */
export type Filed =
  | { mailboxId: MailboxId; result: 'stored'; messageId: MessageId; threadId: ThreadId }
  | { mailboxId: MailboxId; result: 'duplicate' | 'gone' | 'told' | 'withheld' }
  | { mailboxId: MailboxId; result: 'dropped'; reason: DropReason }

interface FilingInput {
  mail: ReadMail
  copies: Copy[]
  host: string
  /** Of mail from outside, where one answer stands for all copies; absent, mailboxes take anything that they set no limit to. */
  sizes?: SizeSettings
  news?: News[]
  fetched?: FetchedMark
}

/** Files one mail in all its mailboxes at once: copies, threads, counts, events, and what it reports, in one transaction. */
export async function fileInbound(tx: Tx, input: FilingInput): Promise<Filed[]> {
  const filed: Filed[] = []
  // Always in the same order, so that two transactions with the same mailboxes wait for each other and never in a ring.
  const copies = [...input.copies].sort((a, b) => (a.mailbox.id < b.mailbox.id ? -1 : 1))
  const quiet = input.news?.filter((news) => news.quiet) ?? []
  const withheld = await isUnusual(tx, input)
  for (const copy of copies)
    filed.push((await tell(tx, quiet, copy)) ?? (await fileCopy(tx, { ...input, withheld }, copy)))
  // Together with the mail that tells it: neither is acknowledged without the other.
  for (const news of input.news ?? []) {
    // A mailbox that lets few people in still hears what became of its own mail.
    const heard = ({ result }: Filed) => result === 'stored' || result === 'dropped'
    if (filed.some((f) => f.mailboxId === news.mailboxId && heard(f))) await applyReport(tx, news)
  }
  await tx.messages.assignUids(filed.flatMap((f) => (f.result === 'stored' ? f : [])))
  if (input.fetched) await advance(tx, input.fetched, filed.some(isKept))
  return filed
}

/** The mailbox has the mail now, or had it before. */
export function isKept({ result }: Filed): boolean {
  return result === 'stored' || result === 'duplicate' || result === 'told'
}

/**
 * Then nobody gets it, and its sender hears why: with one answer for all, the copy of a mailbox whose owner never asked for a limit, and
 * looks at no drops, would be lost in silence. Senders who announce the size are told at RCPT, and send it to the others.
 */
async function isUnusual(tx: Tx, { mail, copies, sizes }: FilingInput): Promise<boolean> {
  if (!sizes || copies.length < 2 || mail.sizeBytes <= sizes.usualMessageBytes) return false
  const mailboxes = await tx.mailboxes.withIds(copies.map(({ mailbox }) => mailbox.id))
  return [...mailboxes.values()].some(({ policy }) => policy.maxMessageBytes === null)
}

async function tell(tx: Tx, quiet: readonly News[], { mailbox }: Copy): Promise<Filed | undefined> {
  const news = quiet.find((one) => one.mailboxId === mailbox.id)
  return news && (await applyReport(tx, news)) ? { mailboxId: mailbox.id, result: 'told' } : undefined
}

async function fileCopy(
  tx: Tx,
  { mail, host, sizes, withheld }: FilingInput & { withheld: boolean },
  copy: Copy,
): Promise<Filed> {
  const mailboxId = copy.mailbox.id
  const id = newId<MessageId>()
  const ofBytes = `${NAME_OF_OURS}${mail.sha256.slice(0, 32)}@${host}>`
  const names = { random: `${NAME_OF_OURS}${id}@${host}>`, theirs: mail.messageId ?? ofBytes, ofBytes }
  // Asked together, since they share a round trip where the store is elsewhere; in this order, since the first one holds the mailbox.
  const asked = [
    tx.mailboxes.intake(mailboxId, tx.now),
    tx.messages.namedAs(mailboxId, [names.theirs, ofBytes]),
    isBlocked(tx, mail, copy),
  ] as const
  // None may be left behind by a failure: it would be asked of whatever comes after this transaction.
  await Promise.allSettled(asked)
  const [intake, known, blocked] = await Promise.all(asked)
  if (!intake) return { mailboxId, result: 'gone' }
  const { at, policy } = intake
  const limited = sizes ? { ...policy, maxMessageBytes: maxBytesOf(sizes, policy) } : policy
  const reason = refusalOf(limited, arrivalOf(mail))
  const dropped = reason && (await drop(tx, mail, copy, reason))
  if (dropped && !(withheld && policy.maxMessageBytes === null)) return dropped
  if (withheld) return { mailboxId, result: 'withheld' }
  const messageId = await nameFor(tx, { id: mailboxId, policy }, mail, { ...names, known })
  if (messageId === null) return { mailboxId, result: 'duplicate' }
  const thread = await resolveThread(tx, mailboxId, mail)
  const suspicion = policy.showsSuspects ? { spam: false, unauthenticated: false } : mail.suspicion
  const message = toMessage(mail, copy, {
    hiding: { ...suspicion, blocked, trashed: false },
    id,
    threadId: thread?.id ?? newId<ThreadId>(),
    at,
    now: tx.now,
    messageId,
  })
  await tx.messages.insert(message, { ...mail.content, envelope: { ...mail.envelope, rcptTo: copy.rcptTo } })
  await placeInThread(tx, thread, message)
  const { orgId, threadId } = message
  const payload = variantOf(message)
  await tx.events.append({ orgId, mailboxId, threadId, messageId: id, type: 'message.received', payload })
  return { mailboxId, result: 'stored', messageId: id, threadId }
}

/** What policies look at in this mail. */
function arrivalOf({ from, envelope, sizeBytes, attachments, content }: ReadMail): Arrival {
  const shown = canonicalOrNone(from[0]?.address ?? '') ?? canonicalOrNone(envelope.mailFrom) ?? ''
  const authentic = content.authentication?.dmarc.result === 'pass'
  return { author: shown, sizeBytes, attachmentCount: attachments.length, authentic }
}

// Nothing of it is kept, but its owner can learn that there was something.
async function drop(tx: Tx, mail: ReadMail, { mailbox }: Copy, reason: DropReason): Promise<Filed> {
  const { author, sizeBytes } = arrivalOf(mail)
  const payload = { reason, from: author, subject: mail.subject?.slice(0, MAX_TOLD) ?? null, sizeBytes }
  const { id: mailboxId, orgId } = mailbox
  await tx.events.append({ orgId, mailboxId, threadId: null, messageId: null, type: 'message.dropped', payload })
  return { mailboxId, result: 'dropped', reason }
}

/**
 * The Message-ID under which a mail is kept, or null when the very same mail is here already. A Message-ID names one message of a
 * mailbox: other bytes under a known one (our own mail to ourselves among them) get a name made of those bytes, so that a second
 * delivery of them is known again. The field as it came stays among the headers.
 */
async function nameFor(
  tx: Tx,
  mailbox: Pick<Mailbox, 'id' | 'policy'>,
  mail: Pick<ReadMail, 'source' | 'messageId' | 'sha256'>,
  { random, theirs, ofBytes, known }: { random: string; theirs: string; ofBytes: string; known: Message[] },
): Promise<string | null> {
  // What is fetched comes again when the numbers of its folder change; what is sent twice without a name is meant twice.
  const mayRepeat = !mailbox.policy.sameBytesOnce && mail.source !== 'imap'
  if (mail.messageId === null && mayRepeat) return random
  const taken = new Set<string>()
  for (const message of known) {
    if (isExpired(mailbox, message, tx.now)) await eraseMessages(tx, [message])
    else if (message.direction === 'inbound' && message.sha256 === mail.sha256) return null
    else taken.add(message.messageId)
  }
  return taken.has(theirs) ? ofBytes : theirs
}

function toMessage(
  mail: ReadMail,
  copy: Copy,
  given: {
    id: MessageId
    threadId: ThreadId
    at: number
    now: number
    messageId: string
    hiding: Pick<Message, HidingFlag>
  },
): Message {
  return {
    id: given.id,
    orgId: copy.mailbox.orgId,
    mailboxId: copy.mailbox.id,
    threadId: given.threadId,
    direction: 'inbound',
    source: mail.source,
    status: null,
    messageId: given.messageId,
    from: mail.from,
    to: mail.to,
    cc: mail.cc,
    bcc: [],
    replyTo: mail.replyTo,
    subject: mail.subject,
    preview: mail.preview,
    inReplyTo: mail.inReplyTo,
    references: mail.references,
    at: given.at,
    sentAt: mail.sentAt,
    sizeBytes: mail.sizeBytes,
    sha256: mail.sha256,
    blobKey: mail.blobKey,
    seen: false,
    flagged: false,
    handled: false,
    handledAt: null,
    ...given.hiding,
    hasCode: mail.content.codes.length > 0,
    hasLink: mail.content.links.some(({ kind }) => kind !== 'unsubscribe'),
    opened: false,
    labels: [],
    attachments: mail.attachments.map((part) => ({ ...part, id: newId<PartId>() })),
    createdAt: given.now,
    updatedAt: given.now,
  }
}
