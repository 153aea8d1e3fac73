import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import type { MailboxId, MessageId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import { allSuspect } from './hiding.ts'
import { type FullMessage, getMessage } from './messages.ts'
import type { Message } from './model.ts'
import type { Placed } from './store.ts'

export interface Numbered {
  message: Message
  place: Placed
}

/** The newest received messages of all mailboxes that the caller sees, or of one of them. They count as handed out from then on. */
export async function listReceived(
  app: App,
  caller: Caller,
  { mailbox, limit }: { mailbox: string | null; limit: number },
): Promise<Numbered[]> {
  demand(caller, 'message_read')
  const one = mailbox === null ? undefined : await reachMailbox(app, caller, mailbox)
  const reach = one ? { ...reachOf(caller), mailboxId: one.id } : reachOf(caller)
  const found = await app.store.read.messages.newest(reach, { direction: 'inbound', ...allSuspect(caller) }, limit)
  await handOut(
    app,
    found.flatMap(({ message, fetched }) => (fetched ? [] : message)),
  )
  const places = await app.store.read.messages.uids(found.map(({ message }) => message.id))
  return found.flatMap(({ message }) => {
    const place = places.get(message.id)
    return place ? { message, place } : []
  })
}

/** Whoever waits for new messages does not get these any more. */
export async function handOut(app: App, messages: readonly Message[]): Promise<void> {
  const byMailbox = Map.groupBy(messages, ({ mailboxId }) => mailboxId)
  const marks = [...byMailbox].map(([mailboxId, all]) => ({ mailboxId, ids: all.map(({ id }) => id) }))
  await Promise.all(marks.map((mark) => app.store.run('messages.mark-fetched', mark)))
}

/** The received message with this number, as the caller may see it: where it is. */
export async function locate(
  app: App,
  caller: Caller,
  place: Placed,
): Promise<{ id: MessageId; mailboxId: MailboxId }> {
  demand(caller, 'message_read')
  const found = await app.store.read.messages.byUid(caller.orgId, place)
  if (!found) throw notFound('message')
  return found
}

/** The same, whole. It counts as handed out from then on. */
export async function getReceived(app: App, caller: Caller, place: Placed): Promise<FullMessage> {
  const { id, mailboxId } = await locate(app, caller, place)
  const full = await getMessage(app, caller, mailboxId, id)
  await handOut(app, [full.message])
  return full
}

/** The number of a received message. */
export async function placeOf(app: App, id: MessageId): Promise<Placed> {
  const place = (await app.store.read.messages.uids([id])).get(id)
  if (!place) throw notFound('message')
  return place
}
