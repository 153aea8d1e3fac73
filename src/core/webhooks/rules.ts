import { Failure, invalid } from '../errors.ts'
import type { CustomHeaders } from './secrets.ts'
import { type WebhookTopic, webhookTopics } from './topics.ts'

const MAX_URL = 2048
const MAX_HEADERS = 20
const MAX_HEADER_VALUE = 1024

/** What is ours or the connection's: no custom header may bear such a name. */
const RESERVED_HEADER =
  /^(content-.*|host|svix-.*|webhook-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*|date|cookie)$/i

/** Refuses what is no URL for a webhook whatever it leads to; the sender judges where it leads. */
export function checkWebhookUrl(text: string): void {
  if (text.length > MAX_URL) throw invalid('url', `must have at most ${MAX_URL} characters`)
  if (!URL.canParse(text)) throw invalid('url', 'must be a URL')
  if (text.includes('#')) throw new Failure('url_blocked', 'The URL must not have a fragment')
}

/** The topics without duplicates; at least one. */
export function checkTopics(topics: readonly string[]): WebhookTopic[] {
  for (const [i, topic] of topics.entries()) {
    if (!(webhookTopics as readonly string[]).includes(topic)) throw invalid(['event_types', i], 'is no event type')
  }
  if (topics.length === 0) throw invalid('event_types', 'must name at least one event type')
  return [...new Set(topics)] as WebhookTopic[]
}

/** Custom headers that may go into a request. */
export function checkHeaders(headers: CustomHeaders): CustomHeaders {
  const names = Object.keys(headers)
  if (names.length > MAX_HEADERS) throw invalid('headers', `must have at most ${MAX_HEADERS} entries`)
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    throw invalid('headers', 'must not name a header twice')
  }
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value)
  return headers
}

function checkHeader(name: string, value: string): void {
  if (!/^[A-Za-z0-9-]{1,76}$/.test(name)) throw invalid(['headers', name], 'must be 1 to 76 of A-Z a-z 0-9 -')
  if (RESERVED_HEADER.test(name)) throw invalid(['headers', name], 'cannot be set')
  if (value.length > MAX_HEADER_VALUE)
    throw invalid(['headers', name], `must have at most ${MAX_HEADER_VALUE} characters`)
  // RFC 9110 §5.5: visible ASCII, blanks and tabs, none at the ends.
  if (!/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw invalid(['headers', name], 'must be printable ASCII text')
  }
}
