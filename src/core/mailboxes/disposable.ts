import { randomUUID } from 'node:crypto'
import { type Caller, demandManyMailboxes } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, invalid } from '../errors.ts'
import type { MailboxId } from '../ids.ts'
import { planSeparateWebhook } from '../webhooks/own-webhook.ts'
import type { OwnWebhook } from './hook-commands.ts'
import { usableDomain } from './mailboxes.ts'
import type { Mailbox } from './model.ts'

const MAX_PREFIX = 55
const TRIES = 5

// Names that readers would take for somebody in charge.
const RESERVED = new Set(
  'abuse admin administrator hostmaster mailer-daemon no-reply noreply postmaster root security webmaster'.split(' '),
)

/** True for a name that readers take for somebody in charge of the server; to send from one that is not read is anybody's right. */
export function soundsInCharge(localPart: string): boolean {
  return RESERVED.has(localPart) && !/^no-?reply$/.test(localPart)
}

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
  const { webhookUrl: url } = input
  for (let tries = 1; ; tries++) {
    // Not one of ours, which begin with the time: its first half would be the same for whoever asks within a minute.
    const id = randomUUID() as MailboxId
    const localPart = prefix === null ? id : `${prefix.slice(0, MAX_PREFIX)}-${id.slice(0, 8)}`
    try {
      const hook =
        url === null ? null : await planSeparateWebhook(app, caller, { mailboxId: id, url, style: 'disposable' })
      const wanted = { id, localPart, domain: input.domain, label: prefix, webhook: hook?.plan ?? null }
      return { mailbox: await makeForAWhile(app, caller, wanted), webhookSecret: hook?.secret ?? null }
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

/** The URLs of the webhooks that these mailboxes were made with. */
export async function webhookUrlsOf(app: App, mailboxes: readonly Mailbox[]): Promise<Map<MailboxId, string>> {
  const hooks = await app.store.read.webhooks.ofMailboxes(
    'disposable',
    mailboxes.map(({ id }) => id),
  )
  return new Map([...hooks].map(([id, { url }]) => [id, url]))
}

interface ForAWhile {
  id: MailboxId
  localPart: string
  /** Null: the platform's. */
  domain: string | null
  label?: string | null
  displayName?: string | null
  webhook?: OwnWebhook | null
}

/** Makes a mailbox that ends after the time that disposable ones have. */
export async function makeForAWhile(app: App, caller: Caller, wanted: ForAWhile): Promise<Mailbox> {
  const { name: domain, id: domainId } = await usableDomain(app, caller, wanted.domain ?? app.settings.mailDomain)
  const { disposableHours } = app.settings
  const mailbox = {
    ...{ id: wanted.id, orgId: caller.orgId, projectId: caller.projectId, domain, domainId, clientId: null },
    createdBy: caller.keyName,
    localPart: wanted.localPart,
    displayName: wanted.displayName ?? null,
    metadata: wanted.label ? { label: wanted.label } : {},
    expiresAt: disposableHours === 0 ? null : app.clock.now() + disposableHours * 3_600_000,
  }
  return app.store.run('mailboxes.create-with-webhook', { mailbox, webhook: wanted.webhook ?? null })
}

/** The label a mailbox was made with. */
export function labelOf({ metadata }: Mailbox): string | null {
  return typeof metadata.label === 'string' ? metadata.label : null
}
