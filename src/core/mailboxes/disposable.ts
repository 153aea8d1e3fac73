import { randomUUID } from 'node:crypto'
import { type Caller, demandManyMailboxes } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, invalid } from '../errors.ts'
import type { MailboxId } from '../ids.ts'
import { createWebhook } from '../webhooks/webhooks.ts'
import { usableDomain } from './mailboxes.ts'
import type { Mailbox } from './model.ts'

const MAX_PREFIX = 55
const TRIES = 5

// Names that readers would take for somebody in charge.
const RESERVED = new Set(
  'abuse admin administrator hostmaster mailer-daemon no-reply noreply postmaster root security webmaster'.split(' '),
)

export interface CreateDisposable {
  /** The beginning of the address; without one it is the id alone. */
  label: string | null
  domain: string | null
  /** Where mail that comes is told of. */
  webhookUrl: string | null
}

export interface NewDisposable {
  mailbox: Mailbox
  /** Signs what goes to `webhookUrl`; shown this once. */
  webhookSecret: string | null
}

/** A mailbox for a while, under an address that nobody had before: the same label may be asked for again and again. */
export async function createDisposable(app: App, caller: Caller, input: CreateDisposable): Promise<NewDisposable> {
  const prefix = input.label === null ? null : checkLabel(input.label)
  demandManyMailboxes(caller, 'mailbox_create')
  for (let tries = 1; ; tries++) {
    // Not one of ours, which begin with the time: its first half would be the same for whoever asks within a minute.
    const id = randomUUID() as MailboxId
    const localPart = prefix === null ? id : `${prefix.slice(0, MAX_PREFIX)}-${id.slice(0, 8)}`
    try {
      const mailbox = await makeForAWhile(app, caller, { id, localPart, domain: input.domain, label: prefix })
      return { mailbox, webhookSecret: await hook(app, caller, mailbox, input.webhookUrl) }
    } catch (error) {
      const taken = error instanceof Failure && error.code === 'taken'
      if (!taken || tries === TRIES) throw error
    }
  }
}

function checkLabel(label: string): string {
  if (!/^[a-z0-9._-]{1,64}$/.test(label)) throw invalid('label', 'must be 1 to 64 of a-z 0-9 . _ -')
  if (/^\.|\.\.|\.$/.test(label)) throw invalid('label', 'must not begin or end with a dot, nor hold two in a row')
  if (RESERVED.has(label)) throw invalid('label', 'is reserved')
  return label
}

// An inbox without the webhook that was asked for is none.
async function hook(app: App, caller: Caller, { id, orgId }: Mailbox, url: string | null): Promise<string | null> {
  if (url === null) return null
  try {
    const wanted = { style: 'disposable', url, topics: ['message.received'], mailboxes: [id], limit: null } as const
    return (await createWebhook(app, caller, wanted)).secret
  } catch (error) {
    await app.store.run('mailboxes.delete', { orgId, id })
    throw error
  }
}

interface ForAWhile {
  id: MailboxId
  localPart: string
  /** Null: the platform's. */
  domain: string | null
  label?: string | null
  displayName?: string | null
}

/** Makes a mailbox that ends after the time that disposable ones have. */
export async function makeForAWhile(app: App, caller: Caller, wanted: ForAWhile): Promise<Mailbox> {
  const { name: domain, id: domainId } = await usableDomain(app, caller, wanted.domain ?? app.settings.mailDomain)
  const { disposableHours } = app.settings
  const { mailbox } = await app.store.run('mailboxes.create', {
    ...{ id: wanted.id, orgId: caller.orgId, projectId: caller.projectId, domain, domainId, clientId: null },
    localPart: wanted.localPart,
    displayName: wanted.displayName ?? null,
    metadata: wanted.label ? { label: wanted.label } : {},
    expiresAt: disposableHours === 0 ? null : app.clock.now() + disposableHours * 3_600_000,
  })
  return mailbox
}

/** The label a mailbox was made with. */
export function labelOf({ metadata }: Mailbox): string | null {
  return typeof metadata.label === 'string' ? metadata.label : null
}
