import type { MailboxId, ThreadId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { Thread } from './model.ts'

/** The next message after this many opens a new thread. */
export const MAX_THREAD_MESSAGES = 1000

// A hostile References field must not become a hostile query; the nearest ancestors are at its end.
const MAX_CANDIDATES = 100

export interface Ancestry {
  inReplyTo: string | null
  /** Oldest first, as the field has them. */
  references: readonly string[]
}

/**
 * Which thread a message joins, inside one mailbox only: the one of its In-Reply-To, else that of the nearest of its References
 * (RFC 5322 §3.6.4) that we hold. Never by subject, and threads are never merged. `undefined` opens a new one.
 */
export async function resolveThread(tx: Tx, mailbox: MailboxId, mail: Ancestry): Promise<Thread | undefined> {
  const nearest = mail.references.slice(-MAX_CANDIDATES).reverse()
  const candidates = [...new Set([...(mail.inReplyTo ? [mail.inReplyTo] : []), ...nearest])]
  if (candidates.length === 0) return undefined
  const known = await tx.messages.threadsOf(mailbox, candidates)
  const hit = candidates.map((id) => known.get(id)).find((id) => id !== undefined)
  return hit ? openThread(tx, mailbox, hit) : undefined
}

/** The thread if it is there and has room. */
export async function openThread(tx: Tx, mailbox: MailboxId, id: ThreadId): Promise<Thread | undefined> {
  const thread = await tx.threads.get(mailbox, id)
  return thread && thread.messageCount < MAX_THREAD_MESSAGES ? thread : undefined
}
