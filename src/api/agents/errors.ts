import { Failure, type FailureReason } from '../../core/errors.ts'
import type { Refusal, RefusalCode, RefusalReply } from '../refusal.ts'
import { printPermission } from './permissions.ts'

export type Answer = [status: number, name: string, code: string]
export type Answers = Record<RefusalCode, Answer>

export const answers: Answers = {
  invalid: [400, 'ValidationError', 'validation_error'],
  url_blocked: [400, 'ValidationError', 'url_blocked'],
  no_credentials: [401, 'UnauthorizedError', 'missing_authorization'],
  unauthenticated: [401, 'UnauthorizedError', 'unknown_api_key'],
  forbidden: [403, 'ForbiddenError', 'missing_permission'],
  escalation: [403, 'ForbiddenError', 'permission_escalation'],
  limit_reached: [403, 'LimitExceededError', 'limit_exceeded'],
  domain_not_verified: [403, 'DomainNotVerifiedError', 'domain_not_verified'],
  rejected: [403, 'MessageRejectedError', 'message_rejected'],
  disabled: [403, 'MessageRejectedError', 'message_rejected'],
  relay_denied: [403, 'MessageRejectedError', 'message_rejected'],
  loop: [403, 'MessageRejectedError', 'message_rejected'],
  link_invalid: [403, 'ForbiddenError', 'url_invalid'],
  link_expired: [403, 'ForbiddenError', 'url_expired'],
  not_found: [404, 'NotFoundError', 'not_found'],
  no_route: [404, 'NotFoundError', 'not_found'],
  method_not_allowed: [405, 'MethodNotAllowedError', 'method_not_allowed'],
  taken: [409, 'IsTakenError', 'resource_taken'],
  conflict: [409, 'ConflictError', 'conflict'],
  in_progress: [409, 'ConflictError', 'conflict'],
  in_use: [409, 'ConflictError', 'cannot_delete'],
  too_large: [413, 'PayloadTooLargeError', 'payload_too_large'],
  unsupported_media_type: [415, 'UnsupportedMediaTypeError', 'unsupported_media_type'],
  unprocessable: [422, 'UnprocessableError', 'unprocessable'],
  fetch_failed: [422, 'UnprocessableError', 'attachment_fetch_failed'],
  rate_limited: [429, 'RateLimitError', 'rate_limit_exceeded'],
  internal: [500, 'ServerError', 'internal_error'],
  unavailable: [503, 'ServiceUnavailableError', 'service_unavailable'],
}

/** The error body of this dialect. */
export function toReply(refusal: Refusal, requestId: string): RefusalReply {
  return replyWith(answers, refusal, requestId)
}

/** The codes of refusals that have one of their own. */
export type Named = Partial<Record<FailureReason, string>>

/** The same body, with one's own answers. */
export function replyWith(own: Answers, refusal: Refusal, requestId: string, named: Named = {}): RefusalReply {
  const failure = refusal instanceof Failure ? refusal : undefined
  const [status, name, general] = own[refusal.code]
  const code = (failure?.reason && named[failure.reason]) ?? general
  const permission = failure?.permission && printPermission(failure.permission)
  const body = {
    name,
    code,
    message: inOurWords(refusal),
    ...(code === 'validation_error' ? { errors: failure?.issues ?? [] } : {}),
    ...(permission ? { fix: `Use a key with the permission ${permission}` } : {}),
    request_id: requestId,
  }
  return { status, body, headers: headersFor(status, failure) }
}

// What is wrong with a field is told in the field's own words; elsewhere core's mailbox is an inbox here, and its project a pod.
function inOurWords({ code, message }: Refusal): string {
  if (code === 'invalid') return message
  return message.replace(/\bmailbox(?=es\b|_|\b)/g, 'inbox').replace(/\bproject(?=s\b|_|\b)/g, 'pod')
}

function headersFor(status: number, failure: Failure | undefined): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' }
  return status === 503 && failure?.retryAfterSeconds === undefined ? { 'retry-after': '1' } : {}
}

/** JSON Schema of that body, for the document. */
export function errorSchemaOf(own: Answers, named: Named = {}) {
  const names = [...Object.values(own).map(([, , name]) => name), ...Object.values(named)]
  const code = { type: 'string', enum: [...new Set(names)].sort() }
  return { ...errorSchema, properties: { ...errorSchema.properties, code } }
}

const errorSchema = {
  type: 'object',
  required: ['name', 'code', 'message', 'request_id'],
  properties: {
    name: { type: 'string' },
    message: { type: 'string' },
    errors: {
      type: 'array',
      description: 'With validation_error: every place that is wrong',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'array', items: { type: ['string', 'integer'] } },
          message: { type: 'string' },
        },
      },
    },
    fix: { type: 'string', description: 'What to do next' },
    request_id: { type: 'string' },
  },
}
