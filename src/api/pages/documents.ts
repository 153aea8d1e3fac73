import type { App } from '../../core/app.ts'
import { notFound } from '../../core/errors.ts'
import type { Dialect } from '../dialect.ts'
import { describe, type OpenApiDocument } from '../openapi.ts'
import { DOCS_CSP, renderDocs } from './docs-page.ts'
import type { Page } from './page.ts'

/** The OpenAPI documents: for programs, and as pages to read. */
export function documentPages(app: App, dialects: readonly Dialect[]): Page[] {
  // Made when first asked for; they change with the program only.
  const made = new Map<string, OpenApiDocument>()
  const documentOf = (name: string) => {
    const dialect = dialects.find((d) => d.name === name)
    if (!dialect) throw notFound('document')
    const document = made.get(name) ?? describe(app, dialect)
    made.set(name, document)
    return document
  }
  const names = dialects.map((d) => d.name)
  const page = (name: string) =>
    new Response(renderDocs(documentOf(name), name, names), {
      headers: { 'content-type': 'text/html; charset=utf-8', ...DOCS_HEADERS },
    })
  return [
    {
      method: 'GET',
      path: '/openapi/:file',
      handle: async (_request, { file = '' }) => {
        if (!file.endsWith('.json')) throw notFound('document')
        return Response.json(documentOf(file.slice(0, -'.json'.length)))
      },
    },
    { method: 'GET', path: '/docs', handle: async () => page(names[0] ?? '') },
    { method: 'GET', path: '/docs/:name', handle: async (_request, { name = '' }) => page(name) },
  ]
}

const DOCS_HEADERS = {
  'content-security-policy': DOCS_CSP,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}
