import { z } from 'zod'
import { invalid } from '../../core/errors.ts'
import type { Page } from '../../core/paging.ts'
import { flag, optionalNumber, wholeNumber } from '../query.ts'
import { Answer } from '../route.ts'

const MAX_LIMIT = 5000

/** The parameters of every list. */
export const listQuery = z.object({
  page: optionalNumber({ min: 1 }).describe('1-based; not together with offset'),
  limit: wholeNumber({ min: 0, max: MAX_LIMIT, fallback: 50 }),
  offset: optionalNumber({ min: 0 }).describe('Skips so many instead of pages'),
  aggregate: flag.default(false).describe('Puts the totals into the body'),
})

type ListQuery = z.output<typeof listQuery>

/** A list bare, or with its totals when `aggregate` asks for them. */
export function listOf<Item extends z.ZodType>(item: Item) {
  const totals = { totalCount: z.int(), page: z.int(), pageSize: z.int(), totalPages: z.int() }
  return z.union([z.array(item), z.object({ items: z.array(item), ...totals })])
}

/** What core is asked for. */
export function toPageRequest({ page, limit, offset }: ListQuery): { limit: number; offset: number } {
  if (page !== undefined && offset !== undefined) throw invalid('offset', 'cannot be combined with page')
  return { limit, offset: offset ?? ((page ?? 1) - 1) * limit }
}

export function toList<T, R>(query: ListQuery, { items, total }: Page<T>, print: (item: T) => R) {
  const totals = totalsOf(query, total)
  const printed = items.map(print)
  return new Answer(200, query.aggregate ? { items: printed, ...totals } : printed, headersOf(totals))
}

const encoder = new TextEncoder()

/** The same for lists whose items are heavy: they are printed a few at a time, while the client reads. */
export function streamList(query: ListQuery, total: number, items: AsyncIterable<unknown[]>): Response {
  const totals = totalsOf(query, total)
  const chunks = jsonOf(items, query.aggregate ? totals : undefined)
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await chunks.return()
      },
    },
    // None waits here, where it would not be counted among what slow clients hold.
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { ...headersOf(totals), 'content-type': 'application/json' } })
}

async function* jsonOf(items: AsyncIterable<unknown[]>, totals: object | undefined): AsyncGenerator<string, void> {
  let before = totals ? '{"items":[' : '['
  for await (const some of items) {
    for (const item of some) {
      yield before + JSON.stringify(item)
      before = ','
    }
  }
  const begun = before === ',' ? '' : before
  yield totals ? `${begun}],${JSON.stringify(totals).slice(1)}` : `${begun}]`
}

type Totals = ReturnType<typeof totalsOf>

function totalsOf(query: ListQuery, totalCount: number) {
  const { limit } = query
  const { offset } = toPageRequest(query)
  const page = query.offset === undefined ? (query.page ?? 1) : limit === 0 ? 1 : Math.floor(offset / limit) + 1
  return { totalCount, page, pageSize: limit, totalPages: limit === 0 ? 0 : Math.ceil(totalCount / limit) }
}

function headersOf({ totalCount, page, pageSize, totalPages }: Totals): Record<string, string> {
  return {
    'x-total-count': String(totalCount),
    'x-page': String(page),
    'x-limit': String(pageSize),
    'x-total-pages': String(totalPages),
    'access-control-expose-headers': 'X-Total-Count, X-Page, X-Limit, X-Total-Pages',
  }
}
