import type { App } from '../../core/app.ts'
import type { Dialect } from '../dialect.ts'
import type { Metrics } from '../metrics.ts'
import type { Served } from '../mount.ts'
import { HttpRefusal } from '../refusal.ts'
import { createRouter } from '../router.ts'
import { documentPages } from './documents.ts'
import { refusePage } from './errors.ts'
import { filesPages } from './files.ts'
import { healthPages } from './health.ts'
import { ingestPage } from './ingest.ts'
import { picturePage } from './picture.ts'

/** Makes the pages answer requests, and refuses what is nowhere at all. */
export function mountPages(app: App, dialects: readonly Dialect[], metrics: Metrics) {
  const router = createRouter([
    ...healthPages(app, metrics),
    ...documentPages(app, dialects),
    ...filesPages(app),
    ingestPage(app),
    picturePage(app),
  ])
  return {
    async serve(request: Request, _url: URL, path: string, requestId: string): Promise<Served> {
      const match = router.match(request.method, path)
      const served = { dialect: 'none', route: match.route?.path ?? 'none' }
      try {
        if (!match.route) throw nowhere(match.allow)
        return { ...served, response: await match.route.handle(request, match.params, requestId) }
      } catch (error) {
        return { ...served, response: refusePage(app, error, requestId) }
      }
    },
  }
}

function nowhere(allow: string[]): HttpRefusal {
  if (allow.length > 0) return new HttpRefusal('method_not_allowed', 'This method is not allowed here', allow)
  return new HttpRefusal('no_route', 'There is nothing at this path')
}
