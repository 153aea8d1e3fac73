import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { isUuid, type MessageId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { checkChange } from './check-change.ts'
import { maySee } from './hiding.ts'
import type { MessageChange } from './label-command.ts'
import { bracketed } from './messages.ts'
import type { Message } from './model.ts'

/** Several messages of a mailbox, by id or Message-ID, in the order asked for; what is not there is left out. */
export async function getMessages(
  app: App,
  caller: Caller,
  mailbox: string,
  refs: readonly string[],
): Promise<{ mailbox: Mailbox; messages: Message[] }> {
  demand(caller, 'message_read')
  return reachMessages(app, caller, mailbox, refs)
}

async function reachMessages(app: App, caller: Caller, mailbox: string, refs: readonly string[]) {
  const found = await reachMailbox(app, caller, mailbox)
  const ids = refs.filter(isUuid) as MessageId[]
  const messageIds = refs.filter((ref) => !isUuid(ref)).map(bracketed)
  const there = await app.store.read.messages.find(found.id, ids, messageIds)
  const byRef = new Map<string, Message>(there.flatMap((m) => [[m.id, m] as const, [m.messageId, m] as const]))
  const inOrder = refs.flatMap((ref) => byRef.get(isUuid(ref) ? ref : bracketed(ref)) ?? [])
  return { mailbox: found, messages: [...new Set(inOrder)].filter((m) => maySee(caller, m)) }
}

/** Changes labels and flags of several messages, all or none of them; answers them as they are then. */
export async function updateMessages(
  app: App,
  caller: Caller,
  mailbox: string,
  refs: readonly string[],
  change: MessageChange,
): Promise<Message[]> {
  const checked = checkChange(change)
  demand(caller, 'message_update')
  const { mailbox: found, messages } = await reachMessages(app, caller, mailbox, refs)
  return app.store.run('messages.label-many', {
    mailboxId: found.id,
    ids: messages.map((m) => m.id),
    change: checked,
  })
}
