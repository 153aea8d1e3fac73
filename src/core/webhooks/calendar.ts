import type { WebhookStyle } from './model.ts'
import type { WebhookReach } from './sender.ts'

const MINUTE = 60
const HOUR = 3600

/** How deliveries of one style are attempted. */
export interface Calendar {
  /** After the first attempt, which is made at once. */
  waitsSeconds: readonly number[]
  /** Each wait is varied by up to this part, so that a crowd does not come back together. */
  jitter: number
  /** A receiver that asks for more patience gets no more than this. */
  maxRetryAfterSeconds: number
  /** For the whole exchange. */
  timeoutMs: number
  reach: WebhookReach
  /** What shares the slots: one webhook, or one receiving host of the organization. */
  lane: 'webhook' | 'host'
  slots: number
  /** A 410 ends the delivery; with this it ends the webhook too. */
  goneDisables: boolean
  /** Disabled after nothing but failures for this long. */
  disableAfterMs: number | null
  /** After so many failures in a row nothing is attempted for a while. */
  pauseAfter: { failures: number; pauseMs: number } | null
  /** The webhook is a property of its one mailbox and goes with it. */
  livesWithMailbox: boolean
}

const agents: Calendar = {
  waitsSeconds: [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR],
  jitter: 0.1,
  maxRetryAfterSeconds: 24 * HOUR,
  timeoutMs: 15_000,
  reach: { ports: 'web', plain: 'inside' },
  lane: 'webhook',
  slots: 5,
  goneDisables: true,
  disableAfterMs: 5 * 24 * HOUR * 1000,
  pauseAfter: null,
  livesWithMailbox: false,
}

const automation: Calendar = {
  waitsSeconds: [10, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR],
  jitter: 0.2,
  maxRetryAfterSeconds: 6 * HOUR,
  timeoutMs: 10_000,
  reach: { ports: 'any', plain: 'everywhere' },
  lane: 'host',
  slots: 4,
  goneDisables: false,
  disableAfterMs: null,
  pauseAfter: { failures: 20, pauseMs: 5 * MINUTE * 1000 },
  livesWithMailbox: true,
}

const calendars: Record<WebhookStyle, Calendar> = {
  agents,
  'agents-v0': agents,
  mailboxes: { ...agents, livesWithMailbox: true },
  automation,
  disposable: automation,
}

export function calendarOf(style: WebhookStyle): Calendar {
  return calendars[style]
}

/** When to try again after `attempts` failed ones, or null when that was the last. `random` is from 0 to 1. */
export function nextAttemptAt(
  calendar: Calendar,
  attempts: number,
  now: number,
  random: number,
  retryAfterSeconds: number | null = null,
): number | null {
  const wait = calendar.waitsSeconds[attempts - 1]
  if (wait === undefined) return null
  const varied = wait * (1 + calendar.jitter * (2 * random - 1))
  const asked = Math.min(retryAfterSeconds ?? 0, calendar.maxRetryAfterSeconds)
  return now + Math.round(Math.max(varied, asked) * 1000)
}

/** The seconds that a Retry-After field asks for (RFC 9110 §10.2.3): a number or a date; null when it is neither. */
export function readRetryAfter(field: string | null, now: number): number | null {
  const text = field?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text)
  // Dates are written in a fixed form that begins with the name of a day; Date.parse would take nearly anything.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000))
}
