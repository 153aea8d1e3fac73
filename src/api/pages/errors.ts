import type { App } from '../../core/app.ts'
import { asRefusal, type RefusalCode, refusalHeaders } from '../refusal.ts'

interface Answer {
  status: number
  name: string
  code: string
}

const answers: Partial<Record<RefusalCode, Answer>> = {
  link_invalid: { status: 403, name: 'ForbiddenError', code: 'url_invalid' },
  link_expired: { status: 403, name: 'ForbiddenError', code: 'url_expired' },
  not_found: { status: 404, name: 'NotFoundError', code: 'not_found' },
  no_route: { status: 404, name: 'NotFoundError', code: 'not_found' },
  method_not_allowed: { status: 405, name: 'MethodNotAllowedError', code: 'method_not_allowed' },
  unavailable: { status: 503, name: 'ServiceUnavailableError', code: 'service_unavailable' },
}

// Few refusals can happen outside the dialects; any other is a surprise.
const surprise: Answer = { status: 500, name: 'ServerError', code: 'internal_error' }

/** The answer to a refusal outside every dialect. */
export function refusePage(app: App, error: unknown, requestId: string): Response {
  const refusal = asRefusal(error)
  const answer = answers[refusal.code] ?? surprise
  if (answer === surprise) app.log.error({ err: error, requestId }, 'a page failed')
  const message = answer === surprise ? 'Something went wrong on our side' : refusal.message
  const body = { name: answer.name, code: answer.code, message, request_id: requestId }
  return Response.json(body, { status: answer.status, headers: refusalHeaders(refusal) })
}
