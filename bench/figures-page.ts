import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PAGE = join(import.meta.dirname, '../docs/performance.md')

/** Puts each part's table in its place on the page, with the run that it comes from. What was not measured stays as it is. */
export function writeFigures(machine: readonly string[], tables: ReadonlyMap<string, string>): void {
  let page = readFileSync(PAGE, 'utf8')
  const run = machine.map((line) => `- ${line}`).join('\n')
  for (const [name, table] of tables) {
    const [begin, end] = [`<!-- figures: ${name} -->`, `<!-- end: ${name} -->`]
    const [from, to] = [page.indexOf(begin), page.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`${PAGE} has no place for the figures of ${name}`)
    page = `${page.slice(0, from)}${begin}\n${table}\n${run}\n${page.slice(to)}`
  }
  writeFileSync(PAGE, page)
}
