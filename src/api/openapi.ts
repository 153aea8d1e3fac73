import { z } from 'zod'
import type { App } from '../core/app.ts'
import type { Dialect } from './dialect.ts'
import { refusedWith } from './refused.ts'
import type { Route } from './route.ts'

type Json = Record<string, unknown>

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; description: string }
  servers: { url: string }[]
  security: Json[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Json; securitySchemes: Json }
}

export interface Operation {
  operationId: string
  summary: string
  /** Empty where no key is asked for; beside the scheme, the scope that the key must hold. */
  security?: Json[]
  parameters: Parameter[]
  requestBody?: { required: boolean; content: Record<string, { schema: Json }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: Json
}

/** The name of the one way to say who is asking. */
const SCHEME = 'bearerAuth'

/** Describes a dialect from the same tables that its requests are checked by. */
export function describe(app: App, dialect: Dialect): OpenApiDocument {
  const schemas: Json = { Error: dialect.docs.error }
  const paths: OpenApiDocument['paths'] = {}
  for (const [name, route] of Object.entries(dialect.routes)) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(dialect, name, schemas) }
  }
  return {
    openapi: '3.1.0',
    info: { title: dialect.title, version: '1', description: dialect.description },
    servers: dialect.prefixes.map((prefix) => ({ url: app.settings.publicUrl + prefix })),
    security: [{ [SCHEME]: [] }],
    paths,
    components: { schemas, securitySchemes: { [SCHEME]: dialect.docs.security } },
  }
}

function toOperation(dialect: Dialect, operationId: string, schemas: Json): Operation {
  const route = dialect.routes[operationId] as Route
  const body = route.body && toSchema(route.body, 'input', schemas)
  return {
    operationId,
    summary: route.summary,
    ...(route.open ? { security: [] } : route.scope ? { security: [{ [SCHEME]: [route.scope] }] } : {}),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(body
      ? { requestBody: { required: hasRequired(body), content: { 'application/json': { schema: body } } } }
      : {}),
    responses: toResponses(dialect, route, schemas),
  }
}

function toResponses(dialect: Dialect, route: Route, schemas: Json): Operation['responses'] {
  const schema = route.reply && toSchema(route.reply, 'output', schemas)
  const bytes = { type: 'string', contentMediaType: route.produces }
  const content = schema
    ? { 'application/json': { schema } }
    : route.produces
      ? { [route.produces]: { schema: bytes } }
      : undefined
  const good = (description: string) => ({ description, ...(content ? { content } : {}) })
  const also = Object.entries(route.otherwise).map(([status, meaning]) => [status, good(meaning)] as const)
  const refusal = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  const refused = refusedWith(dialect, route).map((status) => {
    return [status, { description: meanings[status] ?? 'A refusal', content: refusal }] as const
  })
  return {
    [route.status]: good(route.status === 204 ? 'Done' : 'The answer'),
    ...Object.fromEntries(also),
    ...Object.fromEntries(refused),
    default: { description: 'A refusal', content: refusal },
  }
}

const meanings: Record<number, string> = {
  400: 'The request breaks a rule',
  401: 'Nobody that we know is asking',
  403: 'Not allowed',
  404: 'Not there, or not to be seen by this caller',
  409: 'It contradicts what is there, or another request',
  413: 'The body is too large',
  415: 'The body is no JSON',
  422: 'Well formed, and impossible',
  429: 'Too much for now',
  500: 'Something went wrong on our side',
  503: 'The server cannot answer now',
}

function pathParameters(route: Route): Parameter[] {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters(route: Route): Parameter[] {
  if (!route.query) return []
  const schema = toSchema(route.query, 'input', {})
  const required = (schema.required ?? []) as string[]
  return Object.entries((schema.properties ?? {}) as Record<string, Json>)
    .filter(([, property]) => Object.keys(property).length > 0)
    .map(([name, property]) => ({ name, in: 'query', required: required.includes(name), schema: property }))
}

function headerParameters(route: Route): Parameter[] {
  return Object.entries(route.headers).map(([name, description]) => ({
    ...{ name, in: 'header', required: false, description },
    schema: { type: 'string' },
  }))
}

/** JSON Schema 2020-12 of a shape; shapes with an id of their own move to `schemas`. */
function toSchema(shape: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any', override: tidy }) as Json
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')
  const { $defs, ...rest } = JSON.parse(text) as Json
  for (const [id, { id: _id, ...named }] of Object.entries(($defs ?? {}) as Record<string, Json>)) schemas[id] = named
  return rest
}

// Answers may grow new fields and unknown ones in requests are passed over, so no object is closed. The rest is what the library
// adds for its own sake: the bounds of safe integers, and the pattern behind a format.
function tidy({ jsonSchema }: { jsonSchema: Json }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.format) delete jsonSchema.pattern
}

function hasRequired(schema: Json): boolean {
  return Array.isArray(schema.required) && schema.required.length > 0
}
