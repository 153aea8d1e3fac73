import { Failure } from '../core/errors.ts'
import type { Dialect } from './dialect.ts'
import { HttpRefusal, type HttpRefusalCode, type RefusalCode } from './refusal.ts'
import type { Route } from './route.ts'

/** The statuses that a dialect may refuse a request of this route with, in their order. */
export function refusedWith(dialect: Dialect, route: Route): number[] {
  return [...new Set(refusalsOf(route).map((code) => statusOf(dialect, code)))].toSorted((a, b) => a - b)
}

// What follows from the shape of a route; what does not, the route names itself.
function refusalsOf(route: Route): RefusalCode[] {
  const { method, path, query, body, headers, open, refuses } = route
  const has = (part: unknown, codes: RefusalCode[]) => (part ? codes : [])
  return [
    ...has(query || body || Object.keys(headers).length > 0, ['invalid']),
    ...has(!open, ['no_credentials', 'unauthenticated', 'forbidden']),
    ...has(path.includes(':'), ['not_found']),
    ...has(body, ['too_large', 'unsupported_media_type', 'unprocessable']),
    ...has(method !== 'GET', ['conflict']),
    ...has(method === 'POST', ['rate_limited']),
    ...refuses,
    'internal',
    'unavailable',
  ]
}

const http: ReadonlySet<string> = new Set<HttpRefusalCode>([
  'no_credentials',
  'no_route',
  'method_not_allowed',
  'unsupported_media_type',
  'internal',
])

const isHttp = (code: RefusalCode): code is HttpRefusalCode => http.has(code)

function statusOf(dialect: Dialect, code: RefusalCode): number {
  const refusal = isHttp(code) ? new HttpRefusal(code, '') : new Failure(code, '')
  return dialect.toReply(refusal, '').status
}
