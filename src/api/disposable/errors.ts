import { Failure, type Issue } from '../../core/errors.ts'
import { NOT_USABLE } from '../../core/mailboxes/mailboxes.ts'
import { issuesByField, renameFields, sayIssues } from '../issues.ts'
import type { Refusal, RefusalCode, RefusalReply } from '../refusal.ts'

type Answer = [status: number, code: string]

const answers: Record<RefusalCode, Answer> = {
  invalid: [400, 'invalid_request'],
  unprocessable: [400, 'invalid_request'],
  url_blocked: [400, 'url_not_allowed'],
  fetch_failed: [400, 'url_not_allowed'],
  rejected: [400, 'recipient_rejected'],
  disabled: [400, 'recipient_rejected'],
  relay_denied: [400, 'recipient_rejected'],
  loop: [400, 'recipient_rejected'],
  domain_not_verified: [400, 'domain_not_allowed'],
  no_credentials: [401, 'unauthorized'],
  unauthenticated: [401, 'unauthorized'],
  forbidden: [403, 'insufficient_scope'],
  escalation: [403, 'insufficient_scope'],
  link_invalid: [403, 'link_invalid'],
  link_expired: [403, 'link_expired'],
  not_found: [404, 'not_found'],
  no_route: [404, 'not_found'],
  method_not_allowed: [405, 'method_not_allowed'],
  taken: [409, 'conflict'],
  conflict: [409, 'conflict'],
  in_progress: [409, 'conflict'],
  in_use: [409, 'conflict'],
  too_large: [413, 'too_large'],
  unsupported_media_type: [415, 'unsupported_media_type'],
  limit_reached: [429, 'plan_cap'],
  rate_limited: [429, 'rate_limited'],
  internal: [500, 'internal'],
  unavailable: [503, 'unavailable'],
}

/** What core calls by another name than the request did. */
const fields: Record<string, string> = { url: 'webhookUrl', username: 'from' }

/** The error body of this dialect: `details` names what is wrong with each field. */
export function toReply(refusal: Refusal): RefusalReply {
  const [status, code] = answers[refusal.code]
  const issues = refusal instanceof Failure ? renameFields(refusal.issues, fields) : []
  const details = issues.length > 0 ? { details: issuesByField(issues) } : {}
  const message = sayIssues(issues) || inOurWords(refusal.message)
  const error = { code: domainCode(issues) ?? code, message, ...details }
  return { status, body: { error }, headers: headersFor(refusal, status) }
}

// The one broken rule that has a name of its own: which field it is in tells which name.
function domainCode(issues: readonly Issue[]): string | undefined {
  const field = issues.find(({ message }) => message === NOT_USABLE)?.path[0]
  if (field === undefined) return undefined
  return field === 'from' ? 'from_domain_not_allowed' : 'domain_not_allowed'
}

function inOurWords(message: string): string {
  return message.replace(/\bmailbox(?=es\b|_|\b)/g, 'inbox')
}

function headersFor(refusal: Refusal, status: number): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' }
  const told = refusal instanceof Failure && refusal.retryAfterSeconds !== undefined
  return (status === 503 || refusal.code === 'rate_limited') && !told ? { 'retry-after': '1' } : {}
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
        code: { type: 'string', enum: [...codes()].sort() },
        message: { type: 'string' },
        details: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
      },
    },
  },
}

function codes(): Set<string> {
  return new Set([...Object.values(answers).map(([, code]) => code), 'from_domain_not_allowed', 'send_failed'])
}
