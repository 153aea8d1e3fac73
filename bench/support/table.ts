/** One result page of a part. */
export interface Table {
  title: string
  columns: string[]
  rows: string[][]
  /** What one must know to read it. */
  notes?: string[]
}

/** As Markdown, with the columns in line so that it reads as well in a terminal; the first is text, the others figures. */
export function renderTable({ title, columns, rows, notes = [] }: Table): string {
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [`### ${title}`, '', line(columns), rule, ...rows.map(line), ...notes.flatMap((n) => ['', n]), ''].join('\n')
}
