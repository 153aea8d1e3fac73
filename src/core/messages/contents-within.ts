import { setImmediate } from 'node:timers/promises'
import type { MessageId } from '../ids.ts'
import type { Message, MessageContent } from './model.ts'
import type { MessageReader } from './store.ts'

/** Characters of text that one answer may hold. As JSON it may be six times as much. */
const MAX_LENGTH = 16 * 1024 * 1024
/** Of messages that are read at once; their texts may be a few times as large. */
const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024
const MAX_AT_ONCE = 200

/**
 * What stands for a content that an answer had no room for: asked for alone, the message has it. Most dialects do not show the defect, so
 * that the message looks empty there: they use `contentsFromFirst`, and go on where it ended.
 */
const leftOut: MessageContent = {
  ...{ text: null, html: null, extractedText: null, extractedHtml: null },
  ...{ headers: [], envelope: null, authentication: null, codes: [], links: [], risk: null },
  defects: [{ code: 'left-out', detail: 'The answer was too large to hold this message: ask for it alone' }],
}

/**
 * The contents of these messages, as far as they fit into one answer: the small ones first, so that a few enormous mails cannot push
 * out the others. Those without room have `leftOut`; those that are not there any more have none.
 */
export async function contentsWithin(
  read: Pick<MessageReader, 'contents'>,
  messages: readonly Message[],
  maxLength = MAX_LENGTH,
): Promise<Map<MessageId, MessageContent>> {
  const found = new Map<MessageId, MessageContent>()
  const left = messages.toSorted((a, b) => a.sizeBytes - b.sizeBytes)
  for (let length = 0; left.length > 0 && length < maxLength; ) {
    if (found.size > 0) await setImmediate()
    const some = left.splice(0, bite(left))
    for (const [id, content] of await read.contents(some.map((m) => m.id))) {
      found.set(id, content)
      length += lengthOf(content)
    }
  }
  for (const { id } of left) found.set(id, leftOut)
  return found
}

/**
 * The contents of these messages from the first on, as many as fit into one answer, the first in any case. Those of `fitting` that are not
 * there any more have none. `pause` comes between reads, and has no place in a transaction.
 */
export async function contentsFromFirst(
  read: Pick<MessageReader, 'contents'>,
  messages: readonly Message[],
  pause?: () => Promise<unknown>,
): Promise<{ fitting: Message[]; contents: Map<MessageId, MessageContent> }> {
  const contents = new Map<MessageId, MessageContent>()
  const fitting: Message[] = []
  const left = [...messages]
  for (let length = 0; left.length > 0; ) {
    if (fitting.length > 0) await pause?.()
    const some = left.splice(0, bite(left))
    const found = await read.contents(some.map((m) => m.id))
    for (const message of some) {
      const content = found.get(message.id)
      if (content) length += lengthOf(content)
      if (contents.size > 0 && length > MAX_LENGTH) return { fitting, contents }
      if (content) contents.set(message.id, content)
      fitting.push(message)
    }
  }
  return { fitting, contents }
}

/** How many from the front are read at once: at least one. */
export function bite(messages: readonly Message[], maxBytes = MAX_BYTES_AT_ONCE, maxCount = MAX_AT_ONCE): number {
  let bytes = 0
  const end = messages.findIndex((m, i) => {
    bytes += m.sizeBytes
    return i > 0 && (bytes > maxBytes || i >= maxCount)
  })
  return end < 0 ? messages.length : end
}

function lengthOf({ text, html, extractedText, extractedHtml, headers }: MessageContent): number {
  const parts = [text, html, extractedText, extractedHtml, ...headers.flatMap(({ name, value }) => [name, value])]
  return parts.reduce<number>((sum, part) => sum + (part?.length ?? 0), 0)
}
