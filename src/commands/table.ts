/** Lines for a terminal: columns under their heads, as wide as they need. Nothing to show is no line at all. */
export function table(heads: string[], rows: string[][]): string {
  if (rows.length === 0) return ''
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

/** What somebody else wrote, fit for a terminal: one line, no control characters, not longer than `limit`. */
export function oneLine(text: string, limit = 80): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean
}

/** A time as people and programs read it. */
export function time(ms: number | null): string {
  return ms === null ? '' : new Date(ms).toISOString()
}
