import type { SESv2Client } from '@aws-sdk/client-sesv2'
import type { Consignment, RecipientReply } from '../../core/outbound/mail-sender.ts'
import type { DeliveryRoute } from '../../core/outbound/route.ts'
import { type Outcome, refusal, toReplies } from './outcome.ts'

const CONNECT_MS = 10_000
const TIMEOUT_MS = 60_000
/** What SES takes in one call. */
const MAX_RECIPIENTS = 50
/** Errors of our account: the mail waits until the operator has put it right. */
const aboutUs = new Set([
  'AccountSuspendedException',
  'SendingPausedException',
  'LimitExceededException',
  'TooManyRequestsException',
  'AccessDeniedException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'ExpiredTokenException',
  'RequestTimeTooSkewed',
])

type SesRoute = Extract<DeliveryRoute, { kind: 'ses' }>

/** Hands mail to Amazon SES as it is. SES signs it again, and puts a Message-ID and a return path of its own. */
export class SesSender {
  readonly #clients = new Map<string, Promise<SESv2Client>>()

  async send(route: SesRoute, consignment: Consignment): Promise<RecipientReply[]> {
    const host = new URL(route.endpoint ?? `https://email.${route.region}.amazonaws.com`).host
    const { raw, recipients } = consignment
    const replies: RecipientReply[] = []
    for (let at = 0; at < recipients.length; at += MAX_RECIPIENTS) {
      const some = recipients.slice(at, at + MAX_RECIPIENTS)
      replies.push(...toReplies(host, some, await this.#post(route, raw, some)))
    }
    return replies
  }

  async #post(route: SesRoute, raw: Buffer, recipients: string[]): Promise<Outcome> {
    const { SendEmailCommand } = await import('@aws-sdk/client-sesv2')
    try {
      const client = await this.#client(route)
      // The envelope is what counts: with a destination given, SES leaves the fields of the message alone.
      const command = new SendEmailCommand({
        Destination: { ToAddresses: recipients },
        Content: { Raw: { Data: raw } },
      })
      const { MessageId } = await client.send(command)
      return { result: 'sent', text: `Taken by SES as ${MessageId}` }
    } catch (error) {
      return toOutcome(error)
    }
  }

  #client(route: SesRoute): Promise<SESv2Client> {
    const key = JSON.stringify(route)
    const known = this.#clients.get(key) ?? open(route)
    this.#clients.set(key, known)
    return known
  }
}

async function open({ region, accessKeyId, secretAccessKey, endpoint }: SesRoute): Promise<SESv2Client> {
  const { SESv2Client } = await import('@aws-sdk/client-sesv2')
  const keys = accessKeyId !== null && secretAccessKey !== null ? { accessKeyId, secretAccessKey } : null
  return new SESv2Client({
    region,
    // The queue has its own calendar.
    maxAttempts: 1,
    ...(keys ? { credentials: keys } : {}),
    ...(endpoint === null ? {} : { endpoint }),
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: TIMEOUT_MS, throwOnRequestTimeout: true },
  })
}

interface SesError extends Error {
  $metadata?: { httpStatusCode?: number }
  $response?: { headers?: Record<string, string> }
}

function toOutcome(error: unknown): Outcome {
  const { name, message, $metadata, $response } = error as SesError
  const status = $metadata?.httpStatusCode
  // It never got there, or its answer never came back.
  if (status === undefined || status < 300) return { result: 'temporary', text: `SES could not be asked: ${message}` }
  return refusal(status, name, message, { aboutUs, retryAfter: $response?.headers?.['retry-after'] })
}
