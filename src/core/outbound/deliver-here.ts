import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { MailboxId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Copy } from '../messages/file-inbound.ts'
import { receive } from '../messages/receive.ts'
import { refusalOfCopy } from '../messages/refused.ts'
import { smtpCodes } from '../smtp-codes.ts'
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
  const refusals = await fileHere(app, raw, mailFrom, [...copies.values()])
  return [...local].map(([delivery, mailbox]) => {
    return [delivery, toAnswer(app, mailbox instanceof Failure ? mailbox : refusals.get(mailbox.id))]
  })
}

type Refusals = Map<MailboxId, Failure | undefined>

async function fileHere(app: App, raw: Buffer, mailFrom: string, copies: Copy[]): Promise<Refusals> {
  if (copies.length === 0) return new Map()
  try {
    const envelope = { mailFrom, helo: app.settings.mailHost, remoteAddress: null, tls: null }
    const filed = await receive(app, { source: 'local', envelope, copies, raw })
    return new Map(filed.map((one) => [one.mailboxId, refusalOfCopy(one)]))
  } catch (error) {
    const refusal = asRefusal(app, error)
    return new Map(copies.map(({ mailbox }) => [mailbox.id, refusal]))
  }
}

function asRefusal(app: App, error: unknown): Failure {
  if (error instanceof Failure && error.code !== 'unavailable') return error
  app.log.warn({ err: error }, 'a local delivery failed and is tried again')
  return new Failure('unavailable', 'Try again later')
}

function toAnswer(app: App, refusal: Failure | undefined): Answer {
  const host = app.settings.mailHost
  if (!refusal) return { result: 'delivered', host, replyCode: 250, enhancedCode: '2.1.5', text: 'Delivered here' }
  const [replyCode, enhancedCode] = smtpCodes[refusal.code]
  const result = replyCode < 500 ? 'temporary' : 'permanent'
  return { result, host, replyCode, enhancedCode, text: refusal.message }
}
