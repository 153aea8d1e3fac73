import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Copy } from '../messages/file-inbound.ts'
import { receive } from '../messages/receive.ts'
import type { Answer } from './answer.ts'
import type { Delivery } from './model.ts'

/** Files one mail in the mailboxes of this server; a `Failure` in the place of a mailbox is why there is none. */
export async function deliverHere(
  app: App,
  raw: Buffer,
  mailFrom: string,
  local: ReadonlyMap<Delivery, Mailbox | Failure>,
): Promise<[Delivery, Answer][]> {
  const copies = new Map<string, Copy>()
  for (const [delivery, mailbox] of local) {
    if (mailbox instanceof Failure) continue
    const { id, orgId, projectId } = mailbox
    const copy = copies.get(id) ?? { mailbox: { id, orgId, projectId }, rcptTo: [] }
    copies.set(id, { ...copy, rcptTo: [...copy.rcptTo, delivery.recipient] })
  }
  const refusal = copies.size > 0 ? await fileHere(app, raw, mailFrom, [...copies.values()]) : undefined
  return [...local].map(([delivery, mailbox]) => [
    delivery,
    toAnswer(app, mailbox instanceof Failure ? mailbox : refusal),
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

function toAnswer(app: App, refusal: Failure | undefined): Answer {
  const host = app.settings.mailHost
  if (!refusal) return { result: 'delivered', host, replyCode: 250, enhancedCode: '2.1.5', text: 'Delivered here' }
  const { code, message } = refusal
  if (code === 'unavailable') {
    return { result: 'temporary', host, replyCode: 451, enhancedCode: '4.3.0', text: message }
  }
  const enhancedCode = code === 'disabled' ? '5.2.1' : code === 'loop' ? '5.4.6' : '5.1.1'
  return { result: 'permanent', host, replyCode: 550, enhancedCode, text: message }
}
