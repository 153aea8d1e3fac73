import type { App } from '../../core/app.ts'
import type { Metrics } from '../metrics.ts'
import type { Page } from './page.ts'

/** Alive, ready, and how it is going: for whoever keeps the server running. */
export function healthPages(app: App, metrics: Metrics): Page[] {
  return [
    { method: 'GET', path: '/healthz', handle: async () => Response.json({ status: 'ok' }) },
    { method: 'GET', path: '/readyz', handle: () => ready(app) },
    {
      method: 'GET',
      path: '/metrics',
      async handle() {
        const { text, contentType } = await metrics.render(app.store.read)
        return new Response(text, { headers: { 'content-type': contentType } })
      },
    },
  ]
}

async function ready(app: App): Promise<Response> {
  const [store, blobs] = await Promise.all([works(app, 'store'), works(app, 'blobs')])
  const ok = store && blobs
  const state = (good: boolean) => (good ? 'ok' : 'unavailable')
  const body = { status: state(ok), store: state(store), blobs: state(blobs) }
  return Response.json(body, ok ? { status: 200 } : { status: 503, headers: { 'retry-after': '1' } })
}

async function works(app: App, part: 'store' | 'blobs'): Promise<boolean> {
  try {
    await app[part].ping()
    return true
  } catch (error) {
    app.log.warn({ err: error, part }, 'not ready')
    return false
  }
}
