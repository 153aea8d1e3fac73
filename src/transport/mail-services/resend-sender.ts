import { createHash } from 'node:crypto'
import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import type { DeliveryRoute } from '../../core/outbound/route.ts'
import { type Outcome, refusal, toReplies } from './outcome.ts'
import { type ResendCall, toResendCalls } from './resend-mail.ts'

const TIMEOUT_MS = 60_000
const MAX_ANSWER = 64 * 1024
/** Errors of our account: the mail waits until the operator has put it right. */
const aboutUs = new Set([
  'missing_api_key',
  'invalid_api_key',
  'restricted_api_key',
  'concurrent_idempotent_requests',
  'daily_quota_exceeded',
  'monthly_quota_exceeded',
])

type ResendRoute = Extract<DeliveryRoute, { kind: 'resend' }>

/** Hands mail to Resend. A call whose answer is lost is repeated under the same key, which the service remembers for a day. */
export async function sendByResend(route: ResendRoute, consignment: Consignment): Promise<RecipientReply[]> {
  const { host } = new URL(route.endpoint)
  const replies: RecipientReply[] = []
  for (const call of toResendCalls(consignment.raw, consignment.recipients)) {
    replies.push(...toReplies(host, call.recipients, await post(route, consignment.raw, call)))
  }
  return replies
}

async function post({ endpoint, key }: ResendRoute, raw: Buffer, { recipients, mail }: ResendCall): Promise<Outcome> {
  try {
    const response = await fetch(`${endpoint}/emails`, {
      method: 'POST',
      redirect: 'error',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'user-agent': 'Posthouse',
        'idempotency-key': idempotencyKey(raw, recipients),
      },
      body: JSON.stringify(mail),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return await toOutcome(response)
  } catch (error) {
    return { result: 'temporary', text: `Resend could not be asked: ${reasonOf(error)}` }
  }
}

async function toOutcome(response: Response): Promise<Outcome> {
  const body = await readJson(response)
  if (response.ok) return { result: 'sent', text: `Taken by Resend as ${textOf(body.id)}` }
  const retryAfter = response.headers.get('retry-after')
  return refusal(response.status, textOf(body.name), textOf(body.message), { aboutUs, retryAfter })
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER) break
    chunks.push(chunk)
  }
  try {
    const json: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The same for every try of the same message to the same people, and for nothing else. */
function idempotencyKey(raw: Buffer, recipients: readonly string[]): string {
  return createHash('sha256').update(raw).update('\0').update(recipients.toSorted().join('\0')).digest('hex')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown'
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message
}
