import type { MessageReader } from '../core/messages/store.ts'
import type { Reader } from '../core/store.ts'
import type { ThreadReader } from '../core/threads/store.ts'
import type { CommandThread } from './command-thread.ts'

/** The lists that may take long. */
export interface SlowLists {
  messages: MessageReader['list']
  next: MessageReader['next']
  threads: ThreadReader['list']
  tally: MessageReader['tally']
}

/**
 * The same reader, but lists with a filter are asked from a thread: a substring or a count may go through all rows of a mailbox,
 * a quarter of a second for a million, and nothing else may wait for that. What a default list shows is quick, and stays here.
 */
export function withSlowLists(read: Reader, thread: CommandThread, now: () => number): Reader {
  const messages: MessageReader['list'] = (mailbox, filter, page) =>
    isEmpty(filter) && (page.by ?? 'at') === 'at'
      ? read.messages.list(mailbox, filter, page)
      : thread.run('messages', [mailbox, filter, page], now())
  const next: MessageReader['next'] = (mailbox, filter) => {
    const { from, to, subject } = filter
    return isEmpty({ from, to, subject })
      ? read.messages.next(mailbox, filter)
      : thread.run('next', [mailbox, filter], now())
  }
  // Counting beyond one mailbox reads every row.
  const threads: ThreadReader['list'] = (reach, filter, page) =>
    isEmpty(filter) && (reach.mailboxId !== null || page.uncounted)
      ? read.threads.list(reach, filter, page)
      : thread.run('threads', [reach, filter, page], now())
  const tally: MessageReader['tally'] = (...asked) => thread.run('tally', asked, now())
  return {
    ...read,
    messages: { ...read.messages, list: messages, next, tally },
    threads: { ...read.threads, list: threads },
  }
}

function isEmpty(filter: object): boolean {
  return Object.values(filter).every((value) => !value || (Array.isArray(value) && value.length === 0))
}
