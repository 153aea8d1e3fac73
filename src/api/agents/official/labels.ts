import { invalid } from '../../../core/errors.ts'
import type { MessageChange } from '../../../core/messages/label-command.ts'
import type { Message } from '../../../core/messages/model.ts'
import type { Thread } from '../../../core/threads/model.ts'

/** Labels that a client sets and takes away like its own, although they are flags of the message. */
const FLAGS = ['spam', 'blocked', 'trash'] as const
/** Labels that tell what happened; nobody writes them. */
const TOLD = ['received', 'sent', 'scheduled', 'bounced', 'opened', 'unauthenticated'] as const
const SYSTEM: ReadonlySet<string> = new Set([...FLAGS, ...TOLD, 'unread'])

/** Everything that is known of a message as labels: those of the system first, then its owner's. */
export function printLabels(message: Message): string[] {
  const { direction, status, seen, opened, spam, blocked, unauthenticated, trashed } = message
  const on = { unread: !seen, bounced: status === 'bounced', opened, spam, blocked, unauthenticated, trash: trashed }
  const flags = Object.entries(on).flatMap(([name, set]) => (set ? [name] : []))
  return [...new Set([direction === 'inbound' ? 'received' : 'sent', ...flags, ...message.labels])]
}

/** A thread has the labels of its messages. */
export function printThreadLabels(thread: Thread, last: Message | undefined): string[] {
  const told = [
    ...(thread.lastReceivedAt === null ? [] : ['received']),
    ...(thread.lastSentAt === null ? [] : ['sent']),
    ...(thread.unreadCount > 0 ? ['unread'] : []),
  ]
  const hidden = thread.hidden && last ? printLabels(last).filter((label) => hides(label)) : []
  return [...new Set([...told, ...hidden, ...thread.labels])]
}

function hides(label: string): boolean {
  return label === 'unauthenticated' || (FLAGS as readonly string[]).includes(label)
}

export interface LabelChange {
  add: readonly string[]
  remove: readonly string[]
}

/** What a change of labels means for a message; what is in both lists is removed. */
export function parseChange({ add, remove }: LabelChange): MessageChange {
  refuseTold('add_labels', add)
  refuseTold('remove_labels', remove)
  const gone = new Set(remove.map((label) => label.trim()))
  const set = new Set(add.map((label) => label.trim()).filter((label) => !gone.has(label)))
  const flag = (label: string) => (set.has(label) ? true : gone.has(label) ? false : undefined)
  const flags = { spam: flag('spam'), blocked: flag('blocked'), trashed: flag('trash') }
  const unread = flag('unread')
  return {
    addLabels: [...set].filter((label) => !SYSTEM.has(label)),
    // A label of this name may have been set by somebody for whom it is one of their own.
    removeLabels: [...gone].filter((label) => !SYSTEM.has(label) || label === 'unread'),
    ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)),
    ...(unread === undefined ? {} : { seen: !unread }),
  }
}

function refuseTold(field: string, labels: readonly string[]): void {
  const at = labels.findIndex((label) => (TOLD as readonly string[]).includes(label.trim()))
  if (at >= 0) throw invalid([field, at], 'is a label that only the system sets')
}

/** Labels that are to be the owner's own: of a new message, or of a thread. */
export function parseOwn(field: string, labels: readonly string[]): string[] {
  const at = labels.findIndex((label) => SYSTEM.has(label.trim()))
  if (at >= 0) throw invalid([field, at], 'is a label of the system')
  return [...labels]
}

/** Labels that a list is to have, taken apart. Asking for spam is asking to see it. */
export function parseLabelFilter(labels: readonly string[]) {
  const asked = new Set(labels)
  const own = labels.filter((label) => !SYSTEM.has(label))
  return {
    flags: {
      ...(own.length > 0 && { labels: own }),
      ...(asked.has('unread') && { unread: true }),
      ...(asked.has('spam') && { spam: true, includeSpam: true }),
      ...(asked.has('blocked') && { blocked: true, includeBlocked: true }),
      ...(asked.has('unauthenticated') && { unauthenticated: true, includeUnauthenticated: true }),
      ...(asked.has('trash') && { trashed: true, includeTrashed: true }),
    },
    received: asked.has('received'),
    sent: asked.has('sent'),
    bounced: asked.has('bounced'),
    opened: asked.has('opened'),
    /** True when no message at all has one of them: `scheduled` is of drafts. */
    impossible: asked.has('scheduled'),
  }
}
