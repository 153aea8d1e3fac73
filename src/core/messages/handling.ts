import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import type { MessageId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import { maySee } from './hiding.ts'
import { type FullMessage, reachMessage } from './messages.ts'

/** Takes the oldest messages that nobody has handled; no two callers are ever given the same one. */
export async function takeUnhandled(app: App, caller: Caller, mailbox: string, limit: number): Promise<FullMessage[]> {
  demand(caller, 'message_update')
  const found = await reachMailbox(app, caller, mailbox)
  const { id: mailboxId, orgId } = found
  const taken = await app.store.run('messages.handle-first', { orgId, mailboxId, limit })
  return taken.map((one) => ({ mailbox: found, ...one }))
}

/** Marks one received message as handled, or not any more. Doing it twice is doing it once. */
export async function handleMessage(
  app: App,
  caller: Caller,
  mailbox: string,
  id: string,
  handled: boolean,
): Promise<FullMessage> {
  demand(caller, 'message_update')
  const found = await reachMessage(app, caller, mailbox, id)
  const { id: mailboxId, orgId } = found.mailbox
  const [one] = await app.store.run('messages.handle', { orgId, mailboxId, ids: [found.message.id], handled })
  if (!one) throw notFound('message')
  return { mailbox: found.mailbox, ...one }
}

/** Marks these as handled and answers them in the order asked for; `missing` are the ids that name nothing here. */
export async function handleMessages(
  app: App,
  caller: Caller,
  mailbox: string,
  ids: readonly string[],
): Promise<{ items: FullMessage[]; missing: string[] }> {
  demand(caller, 'message_update')
  const found = await reachMailbox(app, caller, mailbox)
  const { id: mailboxId, orgId } = found
  const known = await app.store.read.messages.withIds([...new Set(ids)] as MessageId[])
  const visible = known.filter((message) => maySee(caller, message)).map((message) => message.id)
  const handled = await app.store.run('messages.handle', { orgId, mailboxId, ids: visible, handled: true })
  const there = new Set<string>(handled.map(({ message }) => message.id))
  const missing = [...new Set(ids)].filter((id) => !there.has(id))
  return { items: handled.map((one) => ({ mailbox: found, ...one })), missing }
}
