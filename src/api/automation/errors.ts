import { Failure } from '../../core/errors.ts'
import { issuesByField, renameFields, sayIssues } from '../issues.ts'
import type { Refusal, RefusalCode, RefusalReply } from '../refusal.ts'

/** What is not public: the URL of a webhook, or the host of an IMAP source. */
const WEBHOOK = 'BLOCKED_WEBHOOK_URL'
const HOST = 'BLOCKED_HOST'

const answers: Record<RefusalCode, [status: number, code: string]> = {
  invalid: [400, 'VALIDATION_FAILED'],
  unprocessable: [400, 'VALIDATION_FAILED'],
  url_blocked: [400, WEBHOOK],
  fetch_failed: [400, 'VALIDATION_FAILED'],
  in_use: [400, 'UNHANDLED_MESSAGES'],
  domain_not_verified: [400, 'VALIDATION_FAILED'],
  no_credentials: [401, 'UNAUTHORIZED'],
  unauthenticated: [401, 'UNAUTHORIZED'],
  forbidden: [403, 'FORBIDDEN'],
  escalation: [403, 'FORBIDDEN'],
  rejected: [403, 'FORBIDDEN'],
  relay_denied: [403, 'FORBIDDEN'],
  loop: [403, 'FORBIDDEN'],
  link_invalid: [403, 'FORBIDDEN'],
  link_expired: [403, 'FORBIDDEN'],
  disabled: [403, 'INBOX_DISABLED'],
  not_found: [404, 'NOT_FOUND'],
  no_route: [404, 'NOT_FOUND'],
  method_not_allowed: [405, 'METHOD_NOT_ALLOWED'],
  taken: [409, 'CONFLICT'],
  conflict: [409, 'CONFLICT'],
  in_progress: [409, 'CONFLICT'],
  too_large: [413, 'PAYLOAD_TOO_LARGE'],
  unsupported_media_type: [415, 'UNSUPPORTED_MEDIA_TYPE'],
  limit_reached: [429, 'MAX_INBOXES'],
  rate_limited: [429, 'RATE_LIMITED'],
  internal: [500, 'INTERNAL'],
  unavailable: [503, 'UNAVAILABLE'],
}

/** What core calls by another name than the request did. */
const fields: Record<string, string> = {
  display_name: 'name',
  message_ids: 'messageIds',
  url: 'webhookUrl',
  allowed_senders: 'allowedFromEmails',
  max_message_bytes: 'maxMessageSizeBytes',
  max_attachments: 'maxAttachments',
  retention_days: 'ttlDays',
}

/** The error body of this dialect. */
export function toReply(refusal: Refusal): RefusalReply {
  const [status, usual] = answers[refusal.code]
  const issues = refusal instanceof Failure ? renameFields(refusal.issues, fields) : []
  const code = usual === WEBHOOK && issues[0]?.path[0] === 'host' ? HOST : usual
  const message = sayIssues(issues) || inOurWords(refusal.message)
  const details = issues.length > 0 ? { details: issuesByField(issues) } : {}
  return { status, body: { error: { code, message, ...details } }, headers: headersFor(status, refusal) }
}

function inOurWords(message: string): string {
  return message.replace(/\bmailbox(?=es\b|\b)/g, 'inbox')
}

function headersFor(status: number, refusal: Refusal): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' }
  const known = refusal instanceof Failure && refusal.retryAfterSeconds !== undefined
  return status === 503 && !known ? { 'retry-after': '1' } : {}
}

/** JSON Schema of that body, for the document. */
export const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: [...new Set([HOST, ...Object.values(answers).map(([, code]) => code)])].sort() },
        message: { type: 'string' },
        details: {
          type: 'object',
          description: 'What is wrong with each field',
          additionalProperties: { type: 'array', items: { type: 'string' } },
        },
      },
    },
  },
}
