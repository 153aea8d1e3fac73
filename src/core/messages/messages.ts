import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { isUuid, type MessageId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { isExpired, keptSince } from '../mailboxes/policy.ts'
import type { Delivery } from '../outbound/model.ts'
import type { Page } from '../paging.ts'
import { checkChange } from './check-change.ts'
import { demandIncluded, maySee } from './hiding.ts'
import type { MessageChange } from './label-command.ts'
import type { Message, MessageContent } from './model.ts'
import type { MessageFilter, MessagePage } from './store.ts'

export interface FullMessage {
  mailbox: Mailbox
  message: Message
  content: MessageContent
}

/** The messages of a mailbox, newest first; spam, blocked and trashed ones only where asked for and allowed. */
export async function listMessages(
  app: App,
  caller: Caller,
  mailbox: string,
  filter: MessageFilter,
  page: MessagePage,
): Promise<Page<Message> & { mailbox: Mailbox }> {
  demand(caller, 'message_read')
  demandIncluded(caller, filter)
  const found = await reachMailbox(app, caller, mailbox)
  return { mailbox: found, ...(await app.store.read.messages.list(found.id, keptOnly(app, found, filter), page)) }
}

/** The same filter without what has expired. */
export function keptOnly<F extends { after?: number }>(app: App, { policy }: Mailbox, filter: F): F {
  const since = keptSince(policy, app.clock.now())
  return since === undefined ? filter : { ...filter, after: Math.max(since, filter.after ?? since) }
}

/** One message by our id, or by its Message-ID with or without brackets. */
export async function findMessage(
  app: App,
  caller: Caller,
  mailbox: string,
  idOrMessageId: string,
): Promise<{ mailbox: Mailbox; message: Message }> {
  demand(caller, 'message_read')
  return reachMessage(app, caller, mailbox, idOrMessageId)
}

/** Like `findMessage`, for what is done with a message: the permission asked for is that of the doing. */
export async function reachMessage(app: App, caller: Caller, mailbox: string, idOrMessageId: string) {
  const found = await reachMailbox(app, caller, mailbox)
  const message = await lookUp(app, found, idOrMessageId)
  if (!message || !maySee(caller, message) || isExpired(found, message, app.clock.now())) throw notFound('message')
  return { mailbox: found, message }
}

async function lookUp(app: App, mailbox: Mailbox, text: string): Promise<Message | undefined> {
  if (isUuid(text)) return app.store.read.messages.get(mailbox.id, text as MessageId)
  return text.includes('@') ? app.store.read.messages.byMessageId(mailbox.id, bracketed(text)) : undefined
}

/** A Message-ID as it is kept. */
export function bracketed(messageId: string): string {
  return messageId.startsWith('<') ? messageId : `<${messageId}>`
}

/** A message with its bodies, header fields, envelope and verdicts. */
export async function getMessage(app: App, caller: Caller, mailbox: string, id: string): Promise<FullMessage> {
  const found = await findMessage(app, caller, mailbox, id)
  const content = await app.store.read.messages.content(found.message.id)
  if (!content) throw notFound('message')
  return { ...found, content }
}

/** The bytes exactly as they came in, or as they were composed. */
export async function getRaw(
  app: App,
  caller: Caller,
  mailbox: string,
  id: string,
): Promise<{ message: Message; raw: Buffer }> {
  const { message } = await findMessage(app, caller, mailbox, id)
  const raw = await app.blobs.get(message.blobKey)
  if (!raw) throw notFound('raw message')
  return { message, raw }
}

/** The deliveries of an outbound message with every attempt; none for an inbound one. */
export async function getDeliveries(app: App, caller: Caller, mailbox: string, id: string): Promise<Delivery[]> {
  const { message } = await findMessage(app, caller, mailbox, id)
  return app.store.read.outbound.ofMessage(message.id)
}

/** Deletes one message for good. */
export async function deleteMessage(app: App, caller: Caller, mailbox: string, id: string): Promise<void> {
  demand(caller, 'message_delete')
  const { message } = await reachMessage(app, caller, mailbox, id)
  await app.store.run('messages.delete', { mailboxId: message.mailboxId, id: message.id })
}

/** Changes labels and flags; labels given replace those that are there. */
export async function updateMessage(
  app: App,
  caller: Caller,
  mailbox: string,
  id: string,
  change: MessageChange,
): Promise<FullMessage> {
  const checked = checkChange(change)
  demand(caller, 'message_update')
  const found = await reachMessage(app, caller, mailbox, id)
  await app.store.run('messages.label', {
    mailboxId: found.mailbox.id,
    id: found.message.id,
    change: checked,
  })
  const message = await app.store.read.messages.get(found.mailbox.id, found.message.id)
  const content = await app.store.read.messages.content(found.message.id)
  if (!message || !content) throw notFound('message')
  return { mailbox: found.mailbox, message, content }
}
