import type { WebhookBody } from './webhook-bodies.ts'

const MAX_BYTES = 1024 * 1024
const TEXTS = ['text', 'html', 'extracted_text', 'extracted_html']
/** What only a hostile mail makes large. */
const DETAILS = ['headers', 'defects', 'authentication', 'attachments', 'references', 'links']
const MAX_ITEMS = 20
const MAX_CHARS = 500

/** The body as JSON of at most 1 MiB. What is too large loses the texts of its message, and says so. */
export function fitted(body: WebhookBody): string {
  const whole = JSON.stringify(body)
  if (fits(whole)) return whole
  const short = JSON.stringify(without(body, TEXTS))
  return fits(short) ? short : JSON.stringify(shorten(without(body, [...TEXTS, ...DETAILS])))
}

function fits(json: string): boolean {
  return Buffer.byteLength(json) <= MAX_BYTES
}

function without(body: WebhookBody, names: readonly string[]): WebhookBody {
  const message = Object.entries(body.message ?? {}).filter(([name]) => !names.includes(name))
  return { ...body, truncated: true, message: { ...Object.fromEntries(message), truncated: true } }
}

/** Any JSON with the beginnings of its lists and texts. */
function shorten(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, MAX_CHARS)
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(shorten)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shorten(inner)]))
}
