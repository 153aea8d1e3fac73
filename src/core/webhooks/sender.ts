import type { WebhookError } from './model.ts'

/** Where webhooks of one style may go, beside the networks that the operator allowed. */
export interface WebhookReach {
  /** The ports of the web, or all but those of other protocols. */
  ports: 'web' | 'any'
  /** Whether http is fine everywhere, or only inside the networks that the operator allowed. */
  plain: 'everywhere' | 'inside'
}

export interface WebhookRequest {
  url: string
  headers: Record<string, string>
  body: string
  /** For everything: looking the name up, connecting, sending, reading. */
  timeoutMs: number
  /** Ends the exchange when the server shuts down. */
  signal: AbortSignal
  reach: WebhookReach
}

export interface WebhookAnswer {
  /** Null when no answer came; then `error` says why. */
  status: number | null
  error: WebhookError | null
  /** The Retry-After field as it came. */
  retryAfter: string | null
  durationMs: number
  /** The first 1 KiB of the body. */
  answer: string
}

/** Posts to the addresses of strangers. Every private address that the operator did not allow is refused, at every attempt. */
export interface WebhookSender {
  /** Refuses with `url_blocked` what would never be posted to. A name that does not resolve now is no reason to refuse. */
  check(url: string, reach: WebhookReach): Promise<void>
  /** Never throws. Follows no redirect. */
  post(request: WebhookRequest): Promise<WebhookAnswer>
}
