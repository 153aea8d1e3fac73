import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { PageRequest } from '../core/paging.ts'

/** Cuts one page out of a list ordered by (time, id), newest first unless asked otherwise. `at` and `id` are column references, `at` may be an expression too. */
export function cutPage<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  page: PageRequest,
  at: string | RawBuilder<unknown>,
  id: string,
): SelectQueryBuilder<DB, TB, O> {
  const [time, key] = [typeof at === 'string' ? sql.ref(at) : at, sql.ref(id)]
  const direction = page.ascending ? 'asc' : 'desc'
  let cut = query.orderBy(time, direction).orderBy(key, direction).limit(page.limit)
  if (page.after) {
    const beyond = page.ascending ? sql`>` : sql`<`
    cut = cut.where(sql<boolean>`(${time}, ${key}) ${beyond} (${page.after.at}, ${page.after.id})`)
  }
  return page.offset ? cut.offset(page.offset) : cut
}

/** A condition: `column`, kept lower-case, contains `text`, case ignored. */
export function contains(column: string | RawBuilder<string>, text: string) {
  const operand = typeof column === 'string' ? sql.ref(column) : column
  return sql<boolean>`${operand} like ${`%${escapeLike(text)}%`} escape '\\'`
}

/** A text, lower-case, that stands for itself in a pattern with `\\` as its escape. */
export function escapeLike(text: string): string {
  // SQLite refuses patterns above 50,000 bytes; nothing that we list is as long as what is cut here.
  return text
    .slice(0, 10_000)
    .toLowerCase()
    .replace(/[\\%_]/g, '\\$&')
}
