import type { App } from '../app.ts'
import type { Webhook, WebhookDelivery, WebhookEvent, WebhookStyle } from './model.ts'
import type { WebhookSender } from './sender.ts'

/** What a dialect needs to sign one attempt. */
export interface RequestToSign {
  webhook: Webhook
  delivery: WebhookDelivery
  /** 1 for the first. */
  attempt: number
  /** Epoch milliseconds of this attempt. */
  at: number
  body: string
  /** The newest first; two in the day after a rotation; none when its owner has none yet. */
  secrets: readonly string[]
}

/** How one dialect tells events: its bodies and its headers. */
export interface WebhookRenderer {
  readonly styles: readonly WebhookStyle[]
  /** Null when there is nothing to tell any more, because the message is gone: the delivery is cancelled. */
  render(app: App, webhook: Webhook, event: WebhookEvent): Promise<{ body: string; contentType: string } | null>
  /** All but content-type and the webhook's custom headers. */
  headers(request: RequestToSign): Record<string, string>
}

/** The ways webhooks leave this server. */
export interface WebhookPorts {
  sender: WebhookSender
  renderers: readonly WebhookRenderer[]
}
