import { type Mailbox, parseAddressList } from './address-list.ts'
import { decodeRawHeader } from './charset.ts'
import { parseDate } from './date.ts'
import type { DefectList } from './defects.ts'
import { decodeHeaderText } from './encoded-words.ts'
import { type HeaderField, unfold } from './header-fields.ts'
import type { MimeLimits } from './limits.ts'
import { parseMessageId, parseMessageIds } from './message-ids.ts'
import type { PartHead } from './part-head.ts'

/** What the head of a message says (RFC 5322 §3.6). */
export interface MessageFields {
  fields: { name: string; value: string }[]
  messageId: string | null
  inReplyTo: string[]
  references: string[]
  subject: string | null
  date: number | null
  from: Mailbox[]
  sender: Mailbox[]
  replyTo: Mailbox[]
  to: Mailbox[]
  cc: Mailbox[]
  bcc: Mailbox[]
}

// RFC 5322 §3.6: at most once.
const ONCE = [
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
]

/** Reads the fields that programs ask for, and all fields as text. Of addresses and references every field of a name counts, else the first. */
export function readMessageFields(head: PartHead, limits: MimeLimits, defects: DefectList): MessageFields {
  for (const name of ONCE) if ((head.byName.get(name)?.length ?? 0) > 1) defects.add(`duplicate-${name}`)
  const all = (name: string) => (head.byName.get(name) ?? []).map((f) => unfold(f.value.slice(0, limits.fieldBytes)))
  // Ids may be UTF-8 (RFC 6532 §3.3), and in a list of them a fold is not a blank.
  const ids = (name: string) =>
    (head.byName.get(name) ?? []).map((f) => decodeRawHeader(f.value.slice(0, limits.fieldBytes)))
  const addresses = (name: string) => readAddresses(all(name), name, limits, defects)
  const subject = head.byName.get('subject')?.[0]
  const from = addresses('from')
  if (from.length > 1) defects.add('several-from-addresses', `${from.length}`)
  return {
    fields: decodeFields(head.fields, limits, defects),
    messageId: firstOf(ids('message-id'), parseMessageId),
    inReplyTo: ids('in-reply-to').flatMap((v) => parseMessageIds(v)),
    references: ids('references').flatMap((v) => parseMessageIds(v)),
    subject: subject ? decodeHeaderText(subject.value.slice(0, limits.fieldBytes)).replaceAll('\t', ' ').trim() : null,
    date: firstOf(all('date'), parseDate),
    from,
    sender: addresses('sender'),
    replyTo: addresses('reply-to'),
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
  }
}

function firstOf<T>(values: readonly string[], read: (value: string) => T | null): T | null {
  for (const value of values) {
    const result = read(value)
    if (result !== null) return result
  }
  return null
}

function readAddresses(values: string[], name: string, limits: MimeLimits, defects: DefectList): Mailbox[] {
  const mailboxes: Mailbox[] = []
  for (const value of values) {
    const list = parseAddressList(decodeRawHeader(value), limits.addressesPerField - mailboxes.length)
    mailboxes.push(...list.mailboxes)
    if (!list.truncated && mailboxes.length < limits.addressesPerField) continue
    defects.add('too-many-addresses', name)
    break
  }
  return mailboxes
}

function decodeFields(
  fields: readonly HeaderField[],
  limits: MimeLimits,
  defects: DefectList,
): MessageFields['fields'] {
  const decoded: MessageFields['fields'] = []
  let size = 0
  for (const { name, value } of fields) {
    if (value.length > limits.fieldBytes) defects.add('field-truncated', name.slice(0, 100))
    const kept = value.length > limits.fieldBytes ? value.slice(0, limits.fieldBytes) : value
    size += name.length + kept.length
    if (size > limits.headBytes) {
      defects.add('head-truncated', `${limits.headBytes}`)
      break
    }
    decoded.push({ name, value: decodeHeaderText(kept) })
  }
  return decoded
}
