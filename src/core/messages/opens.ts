import type { App } from '../app.ts'
import type { MessageId } from '../ids.ts'
import { authenticate, sameBytes } from '../secrets.ts'

/** Where the picture of a sent message is. Only we can make the address, so nobody opens what they were not sent. */
export function pictureOf(app: App, id: MessageId): string {
  return `${app.settings.publicUrl}/opens/${id}.${macOf(app, id)}.gif`
}

/** Puts on record that the picture was asked for; what leads to no message of ours changes nothing. */
export async function recordOpen(app: App, token: string): Promise<void> {
  const [id = '', mac = ''] = token.split('.')
  if (!sameBytes(Buffer.from(macOf(app, id)), Buffer.from(mac))) return
  const [message] = await app.store.read.messages.withIds([id as MessageId])
  // Pictures are asked for again and again; only the first time is worth a transaction.
  if (!message || message.opened) return
  const { orgId, mailboxId } = message
  await app.store.run('messages.open', { orgId, mailboxId, id: message.id })
}

function macOf(app: App, id: string): string {
  return authenticate(app.secrets.derive('opened messages'), [id]).subarray(0, 16).toString('base64url')
}
