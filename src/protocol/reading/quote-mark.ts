/** Whether a line bears the mark of a quote, ">". ">>> look here <<<" is an ornament. */
export function isQuotedLine(line: string): boolean {
  const mark = line.search(/[^ \t]/)
  if (mark < 0 || mark > 4 || line[mark] !== '>') return false
  return !(line[mark + 1] === '>' && line.trimEnd().endsWith('<<'))
}
