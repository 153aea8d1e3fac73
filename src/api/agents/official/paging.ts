import { z } from 'zod'
import type { App } from '../../../core/app.ts'
import { invalid } from '../../../core/errors.ts'
import type { Cursor, PageRequest } from '../../../core/paging.ts'
import { authenticate, sameBytes } from '../../../core/secrets.ts'
import { flag, wholeNumber } from '../../query.ts'
import type { Call } from '../../route.ts'

const MAC_BYTES = 12

/** Every list: how many, and where to go on. */
export const pageQuery = z.object({
  limit: wholeNumber({ min: 1, max: 100, fallback: 20 }),
  page_token: z.string().optional().describe('The `next_page_token` of the page before; keep the same filters'),
})

/** Lists that can be turned round. */
export const sortedQuery = pageQuery.extend({ ascending: flag.optional() })

interface PageQuery {
  limit: number
  page_token?: string | undefined
  ascending?: boolean | undefined
}

/** The list envelope. `next_page_token` is absent on the last page. */
export function pageOf<Plural extends string, Item extends z.ZodType>(plural: Plural, item: Item) {
  return z.object({
    count: z.int().describe('On this page'),
    limit: z.int(),
    next_page_token: z.string().optional(),
    ...under(plural, z.array(item)),
  })
}

type ListCall = Pick<Call<string, PageQuery>, 'app' | 'caller' | 'query'>

/**
 * The page that a query asks for, behind its token. It has one row more than is shown: whether it is there says whether there is a next
 * page. `name` is the list's own: the token of another list is refused.
 */
export function toPageRequest({ app, caller, query }: ListCall, name: string): PageRequest {
  const request = { limit: query.limit + 1, ascending: query.ascending ?? false, uncounted: true }
  if (query.page_token === undefined) return request
  const [at, id] = readToken(app, [caller.orgId, name], query.page_token)
  if (typeof at !== 'number' || typeof id !== 'string') throw badToken()
  return { ...request, after: { at, id } }
}

interface PageShape<Row, Item> {
  name?: string
  toItem: (row: Row) => Item
  cursorOf: (row: Row) => Cursor
  /** There is a next page even when no row is too many: what is large ends a page early. */
  more?: boolean
}

/** The envelope of a page that was asked for with `toPageRequest`. */
export function toPage<Plural extends string, Row, Item>(
  { app, caller, query }: ListCall,
  plural: Plural,
  rows: readonly Row[],
  { name = plural, toItem, cursorOf, more = false }: PageShape<Row, Item>,
) {
  const shown = rows.slice(0, query.limit)
  const last = more || rows.length > query.limit ? shown.at(-1) : undefined
  const cursor = last && cursorOf(last)
  const next = cursor && { next_page_token: writeToken(app, [caller.orgId, name], [cursor.at, cursor.id]) }
  return { count: shown.length, limit: query.limit, ...next, ...under(plural, shown.map(toItem)) }
}

/** The same for a list that is read from its end: `rows` are in their order, and the one too many is the first. */
export function olderPage<Plural extends string, Row, Item>(
  call: ListCall,
  plural: Plural,
  rows: readonly Row[],
  shape: PageShape<Row, Item>,
) {
  const page = toPage(call, plural, rows.toReversed(), shape)
  return { ...page, ...under(plural, page[plural].toReversed()) }
}

/** Lists by relevance have no place to go on from but a number. */
export function toSearchRequest({ app, caller, query }: ListCall, name: string): PageRequest {
  const request = { limit: query.limit + 1, uncounted: true }
  if (query.page_token === undefined) return request
  const [offset] = readToken(app, [caller.orgId, name], query.page_token)
  if (typeof offset !== 'number') throw badToken()
  return { ...request, offset }
}

/** The envelope of a page that was asked for with `toSearchRequest`. */
export function toSearchPage<Plural extends string, Row, Item>(
  call: ListCall,
  plural: Plural,
  rows: readonly Row[],
  { name, toItem }: { name: string; toItem: (row: Row) => Item },
) {
  const { app, caller, query } = call
  const offset = (toSearchRequest(call, name).offset ?? 0) + query.limit
  const next = rows.length > query.limit && { next_page_token: writeToken(app, [caller.orgId, name], [offset]) }
  const shown = rows.slice(0, query.limit)
  return { count: shown.length, limit: query.limit, ...next, ...under(plural, shown.map(toItem)) }
}

function under<Name extends string, Value>(name: Name, value: Value): Record<Name, Value> {
  return { [name]: value } as Record<Name, Value>
}

type Place = (number | string)[]

// Signed for the organization and the list, so that what comes back is what was handed out.
function writeToken(app: App, place: string[], value: Place): string {
  const body = Buffer.from(JSON.stringify(value))
  return Buffer.concat([macOf(app, place, body), body]).toString('base64url')
}

function readToken(app: App, place: string[], token: string): unknown[] {
  const bytes = Buffer.from(token, 'base64url')
  const [mac, body] = [bytes.subarray(0, MAC_BYTES), bytes.subarray(MAC_BYTES)]
  // base64url has several spellings for the same bytes; only one was handed out.
  const ours = bytes.toString('base64url') === token
  if (!ours || !sameBytes(mac, macOf(app, place, body))) throw badToken()
  return JSON.parse(body.toString())
}

function macOf(app: App, place: string[], body: Buffer): Buffer {
  const key = app.secrets.derive('page tokens')
  return authenticate(key, [...place, body.toString('base64url')]).subarray(0, MAC_BYTES)
}

function badToken(): Error {
  return invalid('page_token', 'is not a token of this list')
}
