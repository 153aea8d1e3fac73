import { z } from 'zod'
import type { Caller } from '../../core/accounts/caller.ts'
import type { App } from '../../core/app.ts'
import { createDisposable, labelOf, webhookUrlsOf } from '../../core/mailboxes/disposable.ts'
import { deleteMailbox, findMailbox, listMailboxes } from '../../core/mailboxes/mailboxes.ts'
import type { Mailbox } from '../../core/mailboxes/model.ts'
import type { Cursor } from '../../core/paging.ts'
import { route } from '../route.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

const PAGE = 500

const Inbox = z
  .object({
    id: z.uuid(),
    guid: z.uuid(),
    address: z.string(),
    label: z.string().nullable(),
    domain: z.string(),
    webhookUrl: z.string().nullable(),
    messageCount: z.int(),
    createdAt: Time,
    expiresAt: Time.nullable().describe('From then on it is gone; null is never'),
  })
  .meta({ id: 'Inbox' })

export const Ok = z.object({ ok: z.literal(true) })

export const list = route({
  method: 'GET',
  path: '/inboxes',
  scope: 'read',
  summary: 'Your inboxes, all of them, newest first',
  reply: z.object({ items: z.array(Inbox) }),
  async handle({ app, caller }) {
    const items: z.output<typeof Inbox>[] = []
    for await (const mailboxes of everyMailbox(app, caller)) {
      const urls = await webhookUrlsOf(app, mailboxes)
      items.push(...mailboxes.map((mailbox) => toInbox(mailbox, urls.get(mailbox.id))))
    }
    return { items }
  },
})

/** All of them, page by page. */
async function* everyMailbox(app: App, caller: Caller): AsyncGenerator<Mailbox[]> {
  for (let after: Cursor | undefined; ; ) {
    const page = { limit: PAGE, uncounted: true, ...(after && { after }) }
    const { items } = await listMailboxes(app, caller, page)
    yield items
    const last = items.at(-1)
    if (!last || items.length < PAGE) return
    after = { at: last.createdAt, id: last.id }
  }
}

export const create = route({
  method: 'POST',
  path: '/inboxes',
  scope: 'write',
  summary: 'Make an inbox with an address that nobody had before',
  body: z.object({
    label: z
      .string()
      .nullish()
      .describe('The address begins with it: a-z 0-9 . _ -, at most 64')
      .meta({ examples: ['signup-test'] }),
    domain: z.string().nullish(),
    webhookUrl: z.string().nullish().describe('Told of each mail that comes'),
  }),
  reply: z.object({
    ...Inbox.shape,
    webhookSecret: z.string().optional().describe('Signs what is posted to webhookUrl; shown here and never again'),
  }),
  async handle({ app, caller, body }) {
    const { label = null, domain = null, webhookUrl = null } = body
    const { mailbox, webhookSecret } = await createDisposable(app, caller, { label, domain, webhookUrl })
    return { ...toInbox(mailbox, webhookUrl ?? undefined), ...(webhookSecret !== null && { webhookSecret }) }
  },
})

export const get = route({
  method: 'GET',
  path: '/inboxes/:id',
  scope: 'read',
  summary: 'One inbox',
  reply: Inbox,
  async handle({ app, caller, params }) {
    const mailbox = await findMailbox(app, caller, params.id.toLowerCase())
    return toInbox(mailbox, (await webhookUrlsOf(app, [mailbox])).get(mailbox.id))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/inboxes/:id',
  scope: 'write',
  summary: 'Delete an inbox and everything in it',
  reply: Ok,
  async handle({ app, caller, params }) {
    await deleteMailbox(app, caller, params.id.toLowerCase())
    return { ok: true as const }
  },
})

function toInbox(mailbox: Mailbox, webhookUrl: string | undefined): z.output<typeof Inbox> {
  return {
    id: mailbox.id,
    guid: mailbox.id,
    address: mailbox.address,
    label: labelOf(mailbox),
    domain: mailbox.domain,
    webhookUrl: webhookUrl ?? null,
    messageCount: mailbox.messageCount,
    createdAt: printTime(mailbox.createdAt),
    expiresAt: printTimeOrNull(mailbox.expiresAt),
  }
}
