import type { App } from '../core/app.ts'
import { newId } from '../core/ids.ts'
import { officialAgents } from './agents/official/routes.ts'
import { agents } from './agents/routes.ts'
import { automation } from './automation/routes.ts'
import type { Dialect } from './dialect.ts'
import { disposable } from './disposable/routes.ts'
import type { Metrics } from './metrics.ts'
import { mount, type Served } from './mount.ts'
import { mountPages } from './pages/pages.ts'

/** All HTTP languages of this server. A new one is a folder and a line here. */
export const dialects: readonly Dialect[] = [agents, officialAgents, automation, disposable]

export type Handler = (request: Request) => Promise<Response>

export interface HandlerOptions {
  metrics: Metrics
  /** Holds every answer against its documented shape: for tests, since it halves the throughput. */
  checkReplies?: boolean
}

/** The one fetch handler of the process: every dialect, and the pages that belong to none. */
export function createHandler(app: App, options: HandlerOptions): Handler {
  const pages = mountPages(app, dialects, options.metrics)
  const all = dialects.flatMap((dialect) => {
    const mounted = mount(app, dialect, options)
    return dialect.prefixes.map((prefix) => ({ prefix, mounted }))
  })
  // Those that choose are asked first; the other dialect at their prefix takes what they leave.
  const mounts = all.sort((a, b) => Number(!a.mounted.dialect.claims) - Number(!b.mounted.dialect.claims))

  function serve(request: Request, url: URL, requestId: string): Promise<Served> {
    const { pathname } = url
    const hit = mounts.find(({ prefix, mounted: { dialect } }) => {
      const inside = pathname === prefix || pathname.startsWith(`${prefix}/`)
      return inside && (dialect.claims?.(request, prefix, pathname.slice(prefix.length)) ?? true)
    })
    return hit
      ? hit.mounted.serve(request, url, pathname.slice(hit.prefix.length), requestId)
      : pages.serve(request, url, pathname, requestId)
  }

  return async (request) => {
    const requestId = newRequestId()
    const started = performance.now()
    const served = await serve(request, new URL(request.url), requestId)
    const { dialect, route, response } = served
    const seen = { method: request.method, dialect, route, status: response.status }
    const seconds = (performance.now() - started) / 1000
    options.metrics.observeRequest({ ...seen, seconds })
    // The route, never the path or the query: those may hold keys, links and addresses.
    app.log.debug({ ...seen, requestId, ms: Math.round(seconds * 1000) }, 'request')
    return finish(request, response, requestId)
  }
}

/** An id that an answer, its error and the log share. */
export function newRequestId(): string {
  return `req_${newId().replaceAll('-', '')}`
}

// RFC 9110 §9.3.2: HEAD has the header fields of GET, and no content.
function finish(request: Request, response: Response, requestId: string): Response {
  response.headers.set('x-request-id', requestId)
  if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store')
  if (request.method !== 'HEAD') return response
  response.body?.cancel().catch(() => {})
  return new Response(null, response)
}
