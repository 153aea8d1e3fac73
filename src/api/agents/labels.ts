import { invalid } from '../../core/errors.ts'
import type { HidingFlag } from '../../core/messages/hiding.ts'
import type { Message } from '../../core/messages/model.ts'

// Flags that `direction` and `status` tell of in this dialect; as labels they belong to the other one.
const RESERVED = new Set(['received', 'sent', 'scheduled', 'bounced', 'opened'])
const FLAGS = ['spam', 'blocked', 'unauthenticated', 'trash'] as const

/** Labels as this dialect shows them: the user's, and the flags that hide a message. */
export function printLabels(message: Pick<Message, 'labels' | HidingFlag>): string[] {
  const { spam, blocked, unauthenticated, trashed } = message
  const flags = { spam, blocked, unauthenticated, trash: trashed }
  return [...message.labels, ...FLAGS.filter((flag) => flags[flag])]
}

/** A full set of labels taken apart: flags that are left out are cleared. */
export function parseLabels(labels: readonly string[]): {
  labels: string[]
  spam: boolean
  blocked: boolean
  unauthenticated: boolean
  trashed: boolean
} {
  refuseReserved(labels)
  const names = new Set(labels.map((label) => label.trim()))
  return {
    labels: labels.filter((label) => !isFlag(label)),
    spam: names.has('spam'),
    blocked: names.has('blocked'),
    unauthenticated: names.has('unauthenticated'),
    trashed: names.has('trash'),
  }
}

/** Labels of a message that is being made: only the user's own. */
export function parseNewLabels(labels: readonly string[]): string[] {
  refuseReserved(labels)
  const at = labels.findIndex(isFlag)
  if (at >= 0) throw invalid(['labels', at], 'cannot be set on a new message')
  return [...labels]
}

function isFlag(label: string): boolean {
  return (FLAGS as readonly string[]).includes(label.trim())
}

function refuseReserved(labels: readonly string[]): void {
  const at = labels.findIndex((label) => RESERVED.has(label.trim()))
  if (at >= 0) throw invalid(['labels', at], 'is a name of the system')
}

/** Labels that a list is to have, with the flags among them: asking for spam is asking to see it. */
export function parseLabelFilter(labels: readonly string[]) {
  const own = labels.filter((label) => !isFlag(label))
  return {
    ...(own.length > 0 && { labels: own }),
    ...(labels.includes('spam') && { spam: true }),
    ...(labels.includes('blocked') && { blocked: true }),
    ...(labels.includes('unauthenticated') && { unauthenticated: true }),
    ...(labels.includes('trash') && { trashed: true }),
  }
}
