import { createHash } from 'node:crypto'
import type { OpenApiDocument, Operation, Parameter } from '../openapi.ts'

type Json = Record<string, unknown>

const CSS = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
nav a { margin-right: 1rem }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem 1rem }
summary { cursor: pointer }
summary b { display: inline-block; min-width: 4.5rem; font: 600 .85rem ui-monospace, monospace }
code, pre { font: .85rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere }
pre { background: color-mix(in srgb, currentColor 7%, transparent); padding: .75rem; border-radius: .4rem; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; border-top: 1px solid var(--line); padding: .3rem .5rem; vertical-align: top }
small { opacity: .75 }
`

/** No scripts, nothing from elsewhere, and the one style sheet that this page carries. */
export const DOCS_CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(CSS).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`

/** A page that shows an OpenAPI document to people. */
export function renderDocs(document: OpenApiDocument, name: string, names: readonly string[]): string {
  const base = document.servers[0]?.url ?? ''
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => renderOperation(base, path, method, operation)),
  )
  const schemas = Object.entries(document.components.schemas).map(([id, schema]) => renderSchema(id, schema as Json))
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(document.info.title)}</title><style>${CSS}</style></head><body>
<nav>${names.map((n) => `<a href="/docs/${escapeHtml(n)}">${escapeHtml(n)}</a>`).join('')}<a href="/openapi/${escapeHtml(name)}.json">OpenAPI</a></nav>
<h1>${escapeHtml(document.info.title)}</h1><p>${escapeHtml(document.info.description)}</p>
<p>${document.servers.map((s) => `<code>${escapeHtml(s.url)}</code>`).join(' · ')}</p>
<h2>Calls</h2>${operations.join('\n')}<h2>Shapes</h2>${schemas.join('\n')}</body></html>`
}

function renderOperation(base: string, path: string, method: string, operation: Operation): string {
  const verb = method.toUpperCase()
  const body = operation.requestBody?.content['application/json']?.schema
  const responses = Object.entries(operation.responses).map(([status, { description, content }]) => {
    const [type, media] = Object.entries(content ?? {})[0] ?? []
    const shape = media ? `${escapeHtml(type ?? '')} · ${typeText(media.schema)}` : ''
    return `<tr><td><code>${escapeHtml(status)}</code></td><td>${escapeHtml(description)}</td><td>${shape}</td></tr>`
  })
  const scopes = (operation.security ?? []).flatMap((scheme) => Object.values(scheme).flat().map(String))
  return `<details id="${escapeHtml(operation.operationId)}"><summary><b>${verb}</b> <code>${escapeHtml(path)}</code> <small>${escapeHtml(operation.summary)}</small></summary>
${scopes.map((scope) => `<p>For keys with the scope <code>${escapeHtml(scope)}</code></p>`).join('')}
${operation.parameters.length > 0 ? `<h4>Parameters</h4><table>${operation.parameters.map(renderParameter).join('')}</table>` : ''}
${body ? `<h4>Body</h4>${renderProperties(body)}` : ''}
<h4>Answers</h4><table>${responses.join('')}</table>
<h4>Example</h4><pre>${escapeHtml(curl(base + path + queryOf(operation), verb, body))}</pre></details>`
}

function renderParameter({ name, in: place, required, schema, description }: Parameter): string {
  const note = [place, required ? 'required' : '', description ?? ''].filter(Boolean).join(', ')
  return `<tr><td><code>${escapeHtml(name)}</code></td><td>${typeText(schema)}</td><td>${escapeHtml(note)}</td></tr>`
}

function renderSchema(id: string, schema: Json): string {
  return `<details id="shape-${escapeHtml(id)}"><summary><code>${escapeHtml(id)}</code></summary>${renderProperties(schema)}</details>`
}

function renderProperties(schema: Json): string {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>)
  if (properties.length === 0) return `<p>${typeText(schema)}</p>`
  const required = (schema.required ?? []) as string[]
  const rows = properties.map(([name, property]) => {
    const note = [required.includes(name) ? 'required' : '', String(property.description ?? '')]
      .filter(Boolean)
      .join(', ')
    return `<tr><td><code>${escapeHtml(name)}</code></td><td>${typeText(property)}</td><td>${escapeHtml(note)}</td></tr>`
  })
  return `<table>${rows.join('')}</table>`
}

/** A type in a few words, as HTML. */
function typeText(schema: Json): string {
  if (typeof schema.$ref === 'string') {
    const id = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
    return `<a href="#shape-${escapeHtml(id)}">${escapeHtml(id)}</a>`
  }
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map((s) => typeText(s as Json)).join(' | ')
  if (Array.isArray(schema.enum))
    return schema.enum.map((v) => `<code>${escapeHtml(JSON.stringify(v))}</code>`).join(' | ')
  if (schema.type === 'array') return `list of ${typeText((schema.items ?? {}) as Json)}`
  if (schema.type === 'object' && schema.properties) {
    return `{ ${Object.entries(schema.properties as Record<string, Json>)
      .map(([name, property]) => `${escapeHtml(name)}: ${typeText(property)}`)
      .join(', ')} }`
  }
  return escapeHtml([schema.type ?? 'any', schema.format ? `(${String(schema.format)})` : ''].join(' ').trim())
}

// As far as it must be there.
function queryOf({ parameters }: Operation): string {
  const required = parameters.filter((parameter) => parameter.in === 'query' && parameter.required)
  return required.map(({ name }, at) => `${at === 0 ? '?' : '&'}${name}={${name}}`).join('')
}

function curl(url: string, verb: string, body: Json | undefined): string {
  const lines = [`curl${verb === 'GET' ? '' : ` -X ${verb}`} '${url}'`, `  -H 'Authorization: Bearer <API_KEY>'`]
  if (body) lines.push(`  -H 'Content-Type: application/json'`, `  -d '${JSON.stringify(exampleOf(body))}'`)
  return lines.join(' \\\n')
}

// What must be there, or the first thing that may.
function exampleOf(body: Json): Json {
  const properties = Object.entries((body.properties ?? {}) as Record<string, Json>)
  const required = (body.required ?? []) as string[]
  const shown = properties.filter(([name]) => required.includes(name))
  return Object.fromEntries((shown.length > 0 ? shown : properties.slice(0, 1)).map(([name, p]) => [name, sample(p)]))
}

function sample(schema: Json): unknown {
  if (Array.isArray(schema.anyOf)) return sample((schema.anyOf[0] ?? {}) as Json)
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if (schema.type === 'array') return [sample((schema.items ?? {}) as Json)]
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return 1
  return schema.type === 'object' ? {} : '…'
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
