import { reachOf } from '../../../../core/accounts/caller.ts'
import type { App } from '../../../../core/app.ts'
import { Failure } from '../../../../core/errors.ts'
import { followEvents } from '../../../../core/events/follow.ts'
import { mailboxProjects } from '../../../../core/events/mailbox-projects.ts'
import type { LoggedEvent } from '../../../../core/events/model.ts'
import { maySee } from '../../../../core/messages/hiding.ts'
import { topicOf } from '../../../../core/webhooks/topics.ts'
import { asRefusal } from '../../../refusal.ts'
import type { OpenSocket } from '../../../sockets/open-socket.ts'
import { toReply } from '../errors.ts'
import type { EventBodies } from './event-bodies.ts'
import { readSubscription, type Subscription, wants } from './subscription.ts'

const INTERNAL_ERROR = 1011
const TRY_AGAIN_LATER = 1013

/** One client of the socket: its subscription, and the events that follow from it. */
export class Session {
  readonly #app: App
  readonly #socket: OpenSocket
  readonly #bodies: EventBodies
  readonly #projectOf: ReturnType<typeof mailboxProjects>
  #subscription: Subscription | undefined
  #following: AbortController | undefined

  constructor(app: App, socket: OpenSocket, bodies: EventBodies) {
    this.#app = app
    this.#socket = socket
    this.#bodies = bodies
    this.#projectOf = mailboxProjects(app, socket.caller.orgId)
  }

  /** Takes a message of the client: a subscription in place of the one before, or something to refuse. */
  async take(text: string | null): Promise<void> {
    try {
      const subscription = await readSubscription(this.#app, this.#socket.caller, text)
      await this.#subscribe(subscription)
    } catch (error) {
      if (this.#socket.closed.aborted) return
      const refusal = asRefusal(error)
      if (refusal.code === 'internal') this.#app.log.error({ err: error }, 'a subscription failed')
      const { name, message } = toReply(refusal, '').body as { name: string; message: string }
      await this.#socket.send(JSON.stringify({ type: 'error', name, message })).catch(() => {})
    }
  }

  // The events that are followed stay the same when only the filter changes: none is lost between two subscriptions.
  async #subscribe(subscription: Subscription): Promise<void> {
    const begin = !this.#following || subscription.since !== undefined ? await this.#begin(subscription) : undefined
    const told = this.#socket.send(JSON.stringify(subscription.echo))
    this.#subscription = subscription
    begin?.()
    await told
  }

  /** Registers with the log; the answer begins to tell. */
  async #begin({ since }: Subscription): Promise<() => void> {
    const following = new AbortController()
    const signal = AbortSignal.any([following.signal, this.#socket.closed])
    const events = await followEvents(this.#app, {
      reach: reachOf(this.#socket.caller),
      ...(since && { from: since }),
      signal,
      lagging: () => this.#giveUpIfSlow(),
    })
    return () => {
      this.#following?.abort()
      this.#following = following
      void this.#tell(events, signal)
    }
  }

  // Where it is us who are slow, the reader goes on from the log.
  #giveUpIfSlow(): void {
    if (this.#socket.backedUp)
      this.#socket.close(TRY_AGAIN_LATER, 'More than 1000 events wait: subscribe again with since')
  }

  async #tell(events: AsyncIterable<LoggedEvent>, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of events) await this.#tellOne(event, signal)
    } catch (error) {
      if (signal.aborted) return
      // What is missed now can be had again, after the last event that came.
      if (!(error instanceof Failure)) this.#app.log.error({ err: error }, 'an event could not be told')
      this.#socket.close(INTERNAL_ERROR, 'Subscribe again with since')
    }
  }

  // An event from the log may tell of a message that has become spam since.
  async #hides({ messageId }: LoggedEvent): Promise<boolean> {
    const { caller } = this.#socket
    if (caller.permissions === null || messageId === null) return false
    const [message] = await this.#app.store.read.messages.withIds([messageId])
    return message !== undefined && !maySee(caller, message)
  }

  async #tellOne(event: LoggedEvent, signal: AbortSignal): Promise<void> {
    if (event.type === 'mailbox.deleted' && event.mailboxId) {
      this.#subscription?.filter?.mailboxes.delete(event.mailboxId)
    }
    const topic = topicOf(event)
    if (!topic) return
    const told = { ...event, topic, test: false }
    const asked = () => this.#subscription && wants(this.#subscription, this.#socket.caller, told, this.#projectOf)
    if (!(await asked()) || (await this.#hides(event))) return
    const body = await this.#bodies.of(told)
    // The subscription may be another one by now.
    if (body !== null && (await asked()) && !signal.aborted) await this.#socket.send(body)
  }
}
