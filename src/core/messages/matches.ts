import { type Including, withheld } from './hiding.ts'
import type { MailboxAddress, Message } from './model.ts'
import type { MessageFilter } from './store.ts'

/** Names and addresses as a substring filter sees them: lower-case, as they are shown, one on a line. */
export function searchable(list: readonly MailboxAddress[]): string {
  return list
    .map((a) => (a.name ? `${a.name} <${a.address}>` : a.address))
    .join('\n')
    .toLowerCase()
}

/** What substring filters look at. */
export function filterTexts(message: Pick<Message, 'from' | 'to' | 'cc' | 'bcc' | 'subject'>) {
  return {
    from: searchable(message.from),
    to: searchable([...message.to, ...message.cc, ...message.bcc]),
    subject: (message.subject ?? '').toLowerCase(),
  }
}

/** What of a filter can be told from one message alone. */
export type OneMessageFilter = Pick<
  MessageFilter,
  'after' | 'from' | 'to' | 'subject' | 'hasCode' | 'hasLink' | keyof Including
>

/** True for a message that a list with this filter holds. */
export function matches(message: Message, filter: OneMessageFilter): boolean {
  if (withheld(filter).some((flag) => message[flag])) return false
  if (filter.after !== undefined && message.at <= filter.after) return false
  if (filter.hasCode !== undefined && message.hasCode !== filter.hasCode) return false
  if (filter.hasLink !== undefined && message.hasLink !== filter.hasLink) return false
  const texts = filterTexts(message)
  return holdsAll(texts.from, filter.from) && holdsAll(texts.to, filter.to) && holdsAll(texts.subject, filter.subject)
}

function holdsAll(text: string, wanted: readonly string[] = []): boolean {
  return wanted.every((one) => text.includes(one.toLowerCase()))
}
