import type { RowSnapshot, RowTarget } from './portable.ts'

/** Copies everything into an empty place, on whichever engine; answers how many rows each table had. */
export async function copyRows(
  from: RowSnapshot,
  to: RowTarget,
  onRows: (table: string, count: number) => void = () => {},
): Promise<Record<string, number>> {
  await to.prepare(from.meta)
  const counts: Record<string, number> = {}
  for (const table of from.tables) {
    counts[table] = 0
    for await (const rows of from.rows(table)) {
      await to.load(table, rows)
      counts[table] += rows.length
      onRows(table, rows.length)
    }
  }
  await to.finish(counts)
  return counts
}
