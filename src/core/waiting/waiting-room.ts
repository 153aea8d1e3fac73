import type { Caller } from '../accounts/caller.ts'
import { Failure } from '../errors.ts'
import type { EventFeed } from '../events/feed.ts'
import type { LoggedEvent } from '../events/model.ts'
import type { ApiKeyId, MailboxId } from '../ids.ts'
import { matches, type OneMessageFilter } from '../messages/matches.ts'
import type { Store } from '../store.ts'
import type { Bell } from './bell.ts'

const MAX_OF_KEY = 20
const MAX_OF_ORGANIZATION = 200

/** Somebody who waits for a message of one mailbox. */
export interface Waiter {
  mailboxId: MailboxId
  filter: OneMessageFilter
  bell: Bell
  /** The caller's key is another than it was, or none any more. */
  keyChanged(): void
}

/**
 * Everybody in this process who waits for mail. One reader follows the log for all, looks up what is new in a mailbox that somebody
 * waits at, once, and wakes those whom it concerns.
 */
export class WaitingRoom {
  readonly #feed: EventFeed
  readonly #store: Store
  readonly #byMailbox = new Map<MailboxId, Set<Waiter>>()
  readonly #byKey = new Map<ApiKeyId, Set<Waiter>>()
  readonly #counts = new Map<string, number>()
  #joined: Promise<() => void> | undefined

  constructor({ feed, store }: { feed: EventFeed; store: Store }) {
    this.#feed = feed
    this.#store = store
  }

  /**
   * Once this has resolved, whatever comes later rings the bell. The answer leaves. Refuses a key or an organization that waits
   * often enough already; each node counts its own.
   */
  async enter(caller: Caller, waiter: Waiter): Promise<Disposable> {
    const seat = this.#takeSeat(caller)
    const forget = [place(this.#byMailbox, waiter.mailboxId, waiter)]
    if (caller.keyId !== null) forget.push(place(this.#byKey, caller.keyId, waiter))
    const leave = () => {
      for (const forgetOne of forget) forgetOne()
      if (this.#byMailbox.size === 0) this.#stopListening()
      seat[Symbol.dispose]()
    }
    // A tap of its own each time: the one before may still be on its way out.
    this.#joined ??= this.#feed.join({ take: (events) => this.#take(events), end: () => this.#end() })
    const joined = this.#joined
    try {
      await joined
    } catch (error) {
      if (this.#joined === joined) this.#joined = undefined
      leave()
      throw error
    }
    return { [Symbol.dispose]: leave }
  }

  async #take(events: readonly LoggedEvent[]): Promise<void> {
    for (const { type, payload } of events) {
      if (!type.startsWith('key.')) continue
      for (const waiter of this.#byKey.get(payload.keyId as ApiKeyId) ?? []) waiter.keyChanged()
    }
    const here = events.filter(({ mailboxId }) => mailboxId !== null && this.#byMailbox.has(mailboxId))
    for (const { type, mailboxId } of here) if (type === 'mailbox.deleted') this.#ringAll(mailboxId)
    const ids = here.filter(mayShow).flatMap(({ messageId }) => messageId ?? [])
    if (ids.length === 0) return
    for (const message of await this.#store.read.messages.withIds([...new Set(ids)])) {
      for (const { filter, bell } of this.#byMailbox.get(message.mailboxId) ?? []) {
        if (message.direction === 'inbound' && matches(message, filter)) bell.ring()
      }
    }
  }

  /** The server stops: everybody goes home with empty hands. */
  #end(): void {
    for (const waiters of this.#byMailbox.values()) for (const { bell } of waiters) bell.finish()
  }

  #ringAll(mailboxId: MailboxId | null): void {
    if (mailboxId === null) return
    for (const { bell } of this.#byMailbox.get(mailboxId) ?? []) bell.ring()
  }

  #stopListening(): void {
    this.#joined?.then(
      (leave) => leave(),
      () => {},
    )
    this.#joined = undefined
  }

  #takeSeat({ keyId, orgId }: Caller): Disposable {
    const seats = [
      [`key ${keyId ?? 'root'}`, MAX_OF_KEY],
      [`organization ${orgId}`, MAX_OF_ORGANIZATION],
    ] as const
    for (const [name, limit] of seats) {
      if ((this.#counts.get(name) ?? 0) < limit) continue
      const message = `At most ${limit} waits at a time for one ${name.split(' ')[0]}`
      throw new Failure('rate_limited', message, { retryAfterSeconds: 1 })
    }
    for (const [name] of seats) this.#count(name, 1)
    return {
      [Symbol.dispose]: () => {
        for (const [name] of seats) this.#count(name, -1)
      },
    }
  }

  #count(name: string, change: number): void {
    const count = (this.#counts.get(name) ?? 0) + change
    if (count === 0) this.#counts.delete(name)
    else this.#counts.set(name, count)
  }
}

/** Puts somebody among those of a key, and answers how they leave. */
function place<Key>(groups: Map<Key, Set<Waiter>>, key: Key, waiter: Waiter): () => void {
  const group = groups.get(key) ?? new Set()
  groups.set(key, group.add(waiter))
  return () => {
    group.delete(waiter)
    if (group.size === 0 && groups.get(key) === group) groups.delete(key)
  }
}

// A changed label may bring a hidden message to light.
function mayShow({ type }: LoggedEvent): boolean {
  return type === 'message.received' || type === 'message.labeled'
}
