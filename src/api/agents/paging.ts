import { z } from 'zod'
import type { Page, PageRequest } from '../../core/paging.ts'
import { wholeNumber } from '../query.ts'

/** Numbered pages. A `page_token` belongs to the other list style and is refused rather than overlooked. */
export const pageQuery = z.object({
  page: wholeNumber({ min: 1, fallback: 1 }),
  page_size: wholeNumber({ min: 1, max: 100, fallback: 20 }),
  page_token: z.undefined({ error: 'use page and page_size' }).optional(),
})

type PageQuery = z.output<typeof pageQuery>

/** The list envelope. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), total: z.int(), page: z.int(), page_size: z.int() })
}

export function toPageRequest({ page, page_size }: PageQuery): PageRequest {
  return { limit: page_size, offset: (page - 1) * page_size }
}

export function toPage<T, Item>(found: Page<T>, query: PageQuery, toItem: (row: T) => Item) {
  return { data: found.items.map(toItem), total: found.total, page: query.page, page_size: query.page_size }
}

/** A page of what is here already. */
export function slicePage<T>(items: readonly T[], query: PageQuery): Page<T> {
  const { offset = 0, limit } = toPageRequest(query)
  return { items: items.slice(offset, offset + limit), total: items.length }
}
