import type { App } from '../../../../core/app.ts'
import type { EventId } from '../../../../core/ids.ts'
import type { WebhookEvent } from '../../../../core/webhooks/model.ts'
import { fitted } from '../../webhook-size.ts'
import { officialBodyOf } from '../event-bodies.ts'

const KEPT = 200

/** What sockets are told of events. The sockets of an organization are told the same at about the same time, so it is made once. */
export class EventBodies {
  readonly #app: App
  readonly #made = new Map<EventId, Promise<string | null>>()

  constructor(app: App) {
    this.#app = app
  }

  /** Null when there is nothing to tell any more, because the message is gone. */
  of(event: WebhookEvent): Promise<string | null> {
    const known = this.#made.get(event.id)
    if (known) return known
    const made = officialBodyOf(this.#app, event).then((body) => body && fitted(body))
    this.#made.set(event.id, made)
    const [oldest] = this.#made.keys()
    if (this.#made.size > KEPT && oldest) this.#made.delete(oldest)
    made.catch(() => this.#made.delete(event.id))
    return made
  }
}
