import { isDeepStrictEqual } from 'node:util'
import { demandScope, nobody } from '../core/accounts/caller.ts'
import type { App } from '../core/app.ts'
import { readJsonBody } from './body.ts'
import type { Dialect } from './dialect.ts'
import { readQuery } from './query.ts'
import { asRefusal, HttpRefusal, refusalHeaders } from './refusal.ts'
import { refusedWith } from './refused.ts'
import { Answer, type Call, type Route } from './route.ts'
import { createRouter, type Match } from './router.ts'
import { check } from './validate.ts'

/** An answer, with where it came from for logs and metrics. */
export interface Served {
  dialect: string
  response: Response
  route: string
}

export interface Mount {
  dialect: Dialect
  /** Answers a request whose path, prefix taken off, is `path`. */
  serve(request: Request, url: URL, path: string, requestId: string): Promise<Served>
}

/** Makes a dialect answer requests. With `checkReplies` every answer is held against its shape: for tests, since it halves the throughput. */
export function mount(app: App, dialect: Dialect, { checkReplies = false }: { checkReplies?: boolean } = {}): Mount {
  const router = createRouter(Object.values(dialect.routes))
  return {
    dialect,
    async serve(request, url, path, requestId) {
      const match = router.match(request.method, path)
      try {
        const call = await admit(app, dialect, match, request, url)
        const response = toResponse(call.route, await call.route.handle(call), checkReplies)
        return { dialect: dialect.name, response, route: call.route.path }
      } catch (error) {
        const response = refuse(app, dialect, error, requestId)
        if (checkReplies && match.route) assertDeclared(dialect, match.route, response.status)
        return { dialect: dialect.name, response, route: match.route?.path ?? 'none' }
      }
    },
  }
}

// The order is the contract's: who asks, what for, how much and in which form, and then what it says. Core decides the rest.
async function admit(
  app: App,
  dialect: Dialect,
  match: Match<Route>,
  request: Request,
  url: URL,
): Promise<Call & { route: Route }> {
  const route = match.route
  const caller = route?.open ? nobody : await dialect.authenticate(app, request)
  if (!route) throw noRoute(match.allow)
  if (route.scope) demandScope(caller, route.scope)
  const params = decodeParams(match.params)
  const raw = route.body ? await readJsonBody(request, route.maxBodyBytes) : undefined
  const query = route.query ? check(route.query, (dialect.readQuery ?? readQuery)(url.searchParams)) : undefined
  const body = route.body ? check(route.body, raw) : undefined
  return { app, caller, route, params, query, body, request }
}

function noRoute(allow: string[]): HttpRefusal {
  if (allow.length > 0) return new HttpRefusal('method_not_allowed', 'This method is not allowed here', allow)
  return new HttpRefusal('no_route', 'There is nothing at this path')
}

// What cannot be decoded is taken as it was sent: nothing has such an id, and an address may well hold a lone percent sign.
function decodeParams(raw: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(raw).map(([name, text]) => [name, decodeSegment(text)]))
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function toResponse(route: Route, result: unknown, checkReplies: boolean): Response {
  if (result instanceof Response) return result
  const { status, value, headers } = result instanceof Answer ? result : new Answer(route.status, result)
  if (!route.reply) return new Response(null, { status, headers })
  if (checkReplies) assertShape(route, value)
  return Response.json(value, { status, headers })
}

function assertShape(route: Route, value: unknown): void {
  const shaped = route.reply?.parse(value)
  if (!isDeepStrictEqual(shaped, value)) throw new Error(`${route.path}: the answer has fields that its shape has not`)
}

function assertDeclared(dialect: Dialect, route: Route, status: number): void {
  if (refusedWith(dialect, route).includes(status)) return
  throw new Error(
    `${dialect.name}: ${route.method} ${route.path} refuses with ${status}, which its document does not say`,
  )
}

function refuse(app: App, dialect: Dialect, error: unknown, requestId: string): Response {
  const refusal = asRefusal(error)
  if (refusal.code === 'internal') app.log.error({ err: error, requestId }, 'a request failed')
  else if (refusal.cause) {
    // An outage is the operator's business, whoever sees it first.
    const level = refusal.code === 'unavailable' ? 'warn' : 'debug'
    app.log[level]({ err: refusal.cause, requestId }, refusal.message)
  }
  const { status, body, headers } = dialect.toReply(refusal, requestId)
  return Response.json(body, { status, headers: { ...refusalHeaders(refusal), ...headers } })
}
