import { toSevenBit } from '../../protocol/compose/seven-bit.ts'
import type { App } from '../app.ts'
import { signAs } from '../domains/dkim-keys/sign.ts'
import type { Answer } from './answer.ts'
import type { Parcel } from './deliver.ts'
import type { Delivery } from './model.ts'
import { returnPathOf } from './return-path.ts'
import type { DeliveryRoute } from './route.ts'

type Outside = Exclude<DeliveryRoute, { kind: 'sandbox' }>

/** Hands one mail over to the outside world, one transaction for each domain; the sandbox keeps it instead. */
export async function deliverOutside(
  app: App,
  { raw, route }: Pick<Parcel, 'raw' | 'route'>,
  remote: Delivery[],
): Promise<[Delivery, Answer][]> {
  if (remote.length === 0) return []
  if (route === null) return remote.map((delivery) => [delivery, noRoute])
  if (route.kind === 'sandbox') return remote.map((delivery) => [delivery, captured])
  const groups = [...Map.groupBy(remote, (d) => (speaksSmtp(route) ? d.domain : '')).values()]
  return (await Promise.all(groups.map((group) => handOver(app, route, raw, group)))).flat()
}

// Services with an API of their own use return paths of their own too.
const speaksSmtp = (route: Outside) => route.kind === 'direct' || route.kind === 'smarthost'

async function handOver(app: App, route: Outside, raw: Buffer, group: Delivery[]): Promise<[Delivery, Answer][]> {
  const [first] = group
  const mailFrom = first ? (speaksSmtp(route) ? returnPathOf(app, first) : first.mailFrom) : ''
  const recipients = group.map((d) => d.recipient)
  const sevenBit = async () => (first ? convert(app, first, raw) : null)
  const replies = await app.sender.send(route, { mailFrom, raw, recipients, sevenBit })
  const byRecipient = new Map(replies.map((reply) => [reply.recipient, reply]))
  return group.map((delivery) => [delivery, byRecipient.get(delivery.recipient) ?? noAnswer])
}

// Its signatures do not survive that, and the domain signs again what leaves in its name.
async function convert(app: App, { orgId, mailboxId }: Delivery, raw: Buffer): Promise<Buffer | null> {
  const [seven, mailbox] = [toSevenBit(raw), await app.store.read.mailboxes.get(orgId, mailboxId)]
  return seven && mailbox ? signAs(app, mailbox, seven) : seven
}

const unsaid = { host: null, replyCode: null, enhancedCode: null }
const captured: Answer = { result: 'captured', ...unsaid, text: 'Captured' }
const noAnswer: Answer = { result: 'temporary', ...unsaid, text: 'No answer' }
const noRoute: Answer = { result: 'temporary', ...unsaid, text: 'The route of the sending domain cannot be read' }
