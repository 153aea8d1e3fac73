import { setTimeout as delay } from 'node:timers/promises'
import type { FetchMessageObject, ImapFlow, MailboxObject } from 'imapflow'
import { ImapError, type ImapSession, type RemoteMessage } from '../../core/imap-sources/imap-client.ts'
import type { ByteBudget } from '../smtp-server/byte-budget.ts'
import { toImapError } from './errors.ts'
import type { SessionGuard } from './guard.ts'

/** What one message of a list of sizes may take; servers add things that nobody asked for. */
const LISTED_BYTES = 1024
/** Sizes are told with care by few servers. What is much larger than it was said to be is not taken. */
const SIZE_SLACK_BYTES = 64 * 1024
/** Messages of this size are read without asking for room. */
const SMALL_BYTES = 512 * 1024
/** Commands stay short enough for every server (RFC 7162 §4). */
const MAX_UIDS = 200
const LOGOUT_MS = 1_000

export interface SessionParts {
  client: ImapFlow
  folder: MailboxObject
  guard: SessionGuard
  signal: AbortSignal
  /** For the large messages of all sessions together. */
  budget: ByteBudget
}

/** A folder that imapflow has open. */
export class ImapflowSession implements ImapSession {
  readonly uidValidity: string
  readonly #client: ImapFlow
  readonly #folder: MailboxObject
  readonly #guard: SessionGuard
  readonly #signal: AbortSignal
  readonly #budget: ByteBudget

  constructor({ client, folder, guard, signal, budget }: SessionParts) {
    this.uidValidity = String(folder.uidValidity)
    this.#client = client
    this.#folder = folder
    this.#guard = guard
    this.#signal = signal
    this.#budget = budget
  }

  async after(uid: number, limit: number): Promise<{ messages: RemoteMessage[]; more: boolean }> {
    const { exists, uidNext } = this.#folder
    const none = { messages: [], more: false }
    if (exists === 0 || (uidNext > 0 && uidNext <= uid + 1)) return none
    const first = uid === 0 ? 1 : await this.#firstBehind(uid, exists)
    if (first > exists) return none
    const last = Math.min(exists, first + limit - 1)
    const listed = await this.#ask(`${first}:${last}`, { uid: true, size: true }, { bytes: limit * LISTED_BYTES })
    const sizes = new Map(listed.filter((m) => m.uid > uid).map((m) => [m.uid, m.size ?? 0]))
    const messages = [...sizes].map(([number, sizeBytes]) => ({ uid: number, sizeBytes })).sort((a, b) => a.uid - b.uid)
    return { messages: messages.slice(0, limit), more: last < exists && messages.length > 0 }
  }

  /**
   * The sequence number of the first message behind a UID. Both ascend together (RFC 3501 §2.3.1.2); asked for one at a time, so that
   * an answer is short however many messages there are and however far their UIDs lie apart. New ones are at the end: it begins there.
   */
  async #firstBehind(uid: number, exists: number): Promise<number> {
    let behind = exists + 1
    let before = 0
    for (let step = 1; behind > 1 && before === 0; step *= 2) {
      const at = Math.max(1, behind - step)
      if ((await this.#uidAt(at)) > uid) behind = at
      else before = at
    }
    while (behind - before > 1) {
      const middle = Math.floor((before + behind) / 2)
      if ((await this.#uidAt(middle)) > uid) behind = middle
      else before = middle
    }
    return behind
  }

  /** Beyond all UIDs where there is no answer: then the message is listed, and judged by its own. */
  async #uidAt(sequence: number): Promise<number> {
    const [message] = await this.#ask(String(sequence), { uid: true })
    return message?.uid ?? Number.POSITIVE_INFINITY
  }

  async read({ uid, sizeBytes }: RemoteMessage, maxBytes: number): Promise<Buffer | 'too_large' | undefined> {
    const allowed = Math.min(maxBytes, 2 * sizeBytes + SIZE_SLACK_BYTES)
    using _room = allowed > SMALL_BYTES ? await this.#budget.take(allowed) : undefined
    try {
      const answers = await this.#ask(String(uid), { source: true }, { uid: true, bytes: allowed })
      const source = answers.find((m) => m.uid === uid)?.source
      if (!Buffer.isBuffer(source)) return undefined
      return source.length > maxBytes ? 'too_large' : source
    } catch (error) {
      if (this.#guard.tooLarge) return 'too_large'
      throw error
    }
  }

  async markSeen(uids: readonly number[]): Promise<void> {
    for (const set of sets(uids)) await this.#change(this.#flag(set, '\\Seen'))
  }

  async delete(uids: readonly number[]): Promise<void> {
    // A plain EXPUNGE would take along what somebody else has flagged.
    const exactly = this.#client.capabilities.has('UIDPLUS')
    for (const set of sets(uids)) {
      await this.#change(exactly ? this.#client.messageDelete(set, { uid: true }) : this.#flag(set, '\\Deleted'))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#client.usable && !this.#signal.aborted && !this.#guard.tripped) {
      const late = new AbortController()
      const logout = this.#client.logout().catch(() => {})
      await Promise.race([logout, delay(LOGOUT_MS, undefined, { signal: late.signal }).catch(() => {})])
      late.abort()
    }
    this.#client.close()
  }

  #flag(set: string, flag: string): Promise<boolean> {
    return this.#client.messageFlagsAdd(set, [flag], { uid: true, silent: true })
  }

  async #change(done: Promise<boolean>): Promise<void> {
    this.#guard.allow(MAX_UIDS * LISTED_BYTES)
    if (!(await done.catch(() => false))) throw new ImapError('after_fetch', 'the flags could not be changed')
  }

  async #ask(
    range: string,
    query: { uid?: boolean; size?: boolean; source?: boolean },
    { uid = false, bytes = 0 }: { uid?: boolean; bytes?: number } = {},
  ): Promise<FetchMessageObject[]> {
    this.#guard.allow(bytes)
    try {
      return await this.#client.fetchAll(range, query, { uid })
    } catch (error) {
      throw toImapError(error, 'session', this.#guard, this.#signal)
    }
  }
}

/** Sequence sets (RFC 3501 §9) of ascending UIDs, runs of neighbours as ranges. */
function sets(uids: readonly number[]): string[] {
  const all: string[] = []
  for (let at = 0; at < uids.length; at += MAX_UIDS) {
    const runs: [number, number][] = []
    for (const uid of uids.slice(at, at + MAX_UIDS)) {
      const last = runs.at(-1)
      if (last && last[1] + 1 === uid) last[1] = uid
      else runs.push([uid, uid])
    }
    all.push(runs.map(([from, to]) => (from === to ? `${from}` : `${from}:${to}`)).join(','))
  }
  return all
}
