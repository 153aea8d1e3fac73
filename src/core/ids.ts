import { randomUUIDv7 } from 'node:crypto'

type Id<Kind extends string> = string & { readonly [kind]: Kind }
declare const kind: unique symbol

export type OrgId = Id<'organization'>
export type ProjectId = Id<'project'>
export type ApiKeyId = Id<'api key'>
export type DomainId = Id<'domain'>
export type DkimKeyId = Id<'dkim key'>
export type MailboxId = Id<'mailbox'>
export type ThreadId = Id<'thread'>
export type MessageId = Id<'message'>
export type PartId = Id<'part'>
export type DraftId = Id<'draft'>
export type DeliveryId = Id<'delivery'>
export type CapturedId = Id<'captured message'>
export type EventId = Id<'event'>
export type ImapSourceId = Id<'IMAP source'>
export type JobId = Id<'job'>
export type WebhookId = Id<'webhook'>
export type WebhookDeliveryId = Id<'webhook delivery'>

/** A new UUIDv7: sorts by the time it was made. An id is never a secret. */
export function newId<T extends string>(): T {
  return randomUUIDv7() as T
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for the text form of an id, lower-case. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}
