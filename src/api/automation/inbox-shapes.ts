import { z } from 'zod'
import type { MailboxState } from '../../core/mailboxes/hook-mailboxes.ts'
import type { Mailbox, MailboxPolicy } from '../../core/mailboxes/model.ts'
import { maxBytesOf, type SizeSettings } from '../../core/mailboxes/policy.ts'
import { Guid } from './ids.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

/** What an inbox made here is like when nothing else is said. */
const defaults = { ttlDays: 30, maxMessageSizeBytes: 10_485_760, maxAttachments: 10 }

const MAX_NAME_UNITS = 100
// Counted as the seed's own language counts, in UTF-16.
const isShort = (text: string) => text.length <= MAX_NAME_UNITS
const Name = z.string().trim().min(1).refine(isShort, `must have at most ${MAX_NAME_UNITS} characters`)
const flagField = z.boolean().optional()
const numbers = {
  ttlDays: z.int().optional(),
  maxMessageSizeBytes: z.int().optional(),
  maxAttachments: z.int().optional(),
}

const settings = {
  allowedFromEmails: z
    .string()
    .max(200_000)
    .nullish()
    .describe('Addresses, split by commas or semicolons; null takes everybody'),
  webhookUrl: z.string().min(1, 'must be a URL, or null').nullish(),
  ...numbers,
  enabled: flagField,
  requireAuthenticatedSender: flagField.describe('Discard mail that does not pass DMARC, silently'),
}

export const NewInbox = z.object({ id: Guid.nullish(), name: Name, ...settings })
export const InboxChange = z.object({ name: Name.optional(), ...settings })

const text = z.string()
const inboxShape = {
  id: text,
  scopeId: text,
  projectId: text,
  hookAddress: text,
  name: text,
  allowedFromEmails: text.nullable(),
  webhookUrl: text.nullable(),
  ttlDays: z.int().nullable().describe('Null for a mailbox of another API that keeps its mail'),
  maxMessageSizeBytes: z.int(),
  maxAttachments: z.int().nullable().describe('Null for a mailbox of another API without this limit'),
  enabled: z.boolean(),
  requireAuthenticatedSender: z.boolean(),
  createdAt: Time,
  createdBy: text.nullable(),
  updatedAt: Time.nullable(),
}

export const Inbox = z.object(inboxShape).meta({ id: 'Inbox' })
export const InboxDetail = z
  .object({ ...inboxShape, messageCount: z.int(), unhandledCount: z.int(), imapSourceCount: z.int() })
  .meta({ id: 'InboxDetail' })

type Given = Partial<z.output<typeof InboxChange>>

/** The policy that a request asks for; what it does not name is left out. */
export function toPolicy(given: Given): Partial<MailboxPolicy> {
  const { allowedFromEmails, ttlDays, maxMessageSizeBytes, maxAttachments, requireAuthenticatedSender } = given
  return {
    ...(allowedFromEmails !== undefined && { allowedSenders: splitAddresses(allowedFromEmails) }),
    ...(requireAuthenticatedSender !== undefined && { requireAuthenticatedSender }),
    ...(maxMessageSizeBytes !== undefined && { maxMessageBytes: maxMessageSizeBytes }),
    ...(maxAttachments !== undefined && { maxAttachments }),
    ...(ttlDays !== undefined && { retentionDays: ttlDays }),
  }
}

/** The policy of a new inbox. */
export function toNewPolicy(given: Given, maxMessageBytes: number): Partial<MailboxPolicy> {
  const size = Math.min(defaults.maxMessageSizeBytes, maxMessageBytes)
  return toPolicy({ ...defaults, maxMessageSizeBytes: size, ...definedOf(given) })
}

function definedOf(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function splitAddresses(list: string | null): string[] {
  return (list ?? '').split(/[,;]/).flatMap((entry) => entry.trim() || [])
}

export function toInbox(mailbox: Mailbox, webhookUrl: string | null, sizes: SizeSettings): z.output<typeof Inbox> {
  const { policy } = mailbox
  return {
    id: mailbox.id,
    scopeId: mailbox.orgId,
    projectId: mailbox.projectId,
    hookAddress: mailbox.address,
    name: mailbox.displayName ?? mailbox.localPart,
    allowedFromEmails: policy.allowedSenders.length > 0 ? policy.allowedSenders.join(', ') : null,
    webhookUrl,
    ttlDays: policy.retentionDays,
    maxMessageSizeBytes: maxBytesOf(sizes, policy),
    maxAttachments: policy.maxAttachments,
    enabled: mailbox.enabled,
    requireAuthenticatedSender: policy.requireAuthenticatedSender,
    createdAt: printTime(mailbox.createdAt),
    createdBy: mailbox.createdBy,
    updatedAt: changedAt(mailbox),
  }
}

/** When it was changed last; null as long as it is as it was made. */
export function changedAt({ updatedAt, createdAt }: Mailbox): string | null {
  return printTimeOrNull(updatedAt > createdAt ? updatedAt : null)
}

export function toDetail(
  { mailbox, tally, imapSources, webhook }: MailboxState,
  sizes: SizeSettings,
): z.output<typeof InboxDetail> {
  return {
    ...toInbox(mailbox, webhook?.url ?? null, sizes),
    messageCount: tally.messages,
    unhandledCount: tally.unhandled,
    imapSourceCount: imapSources,
  }
}
