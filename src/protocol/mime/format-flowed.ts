interface Line {
  depth: number
  text: string
}

/**
 * Joins the soft-broken lines of format=flowed text (RFC 3676 §4), quoted ones with their quote marks. `text` has LF line ends;
 * `delSp` drops the blank that marks a soft break, for languages written without blanks.
 */
export function unflow(text: string, delSp: boolean): string {
  const out: string[] = []
  let open: { depth: number; pieces: string[] } | null = null
  const close = () => {
    if (open) out.push(quoteMarks(open.depth) + open.pieces.join(''))
    open = null
  }
  for (const raw of text.split('\n')) {
    const line = readLine(raw)
    // §4.5: lines of another quote depth never belong together, and the signature mark is never flowed.
    if (open !== null && (open as { depth: number }).depth !== line.depth) close()
    if (line.text === '-- ') {
      close()
      out.push(quoteMarks(line.depth) + line.text)
      continue
    }
    const flowed = line.text.endsWith(' ')
    open ??= { depth: line.depth, pieces: [] }
    open.pieces.push(flowed && delSp ? line.text.slice(0, -1) : line.text)
    if (!flowed) close()
  }
  close()
  return out.join('\n')
}

/** §4.5, §4.4: quote marks first, then one blank that was stuffed in. */
function readLine(raw: string): Line {
  let depth = 0
  while (raw[depth] === '>') depth++
  const text = raw.slice(depth)
  return { depth, text: text.startsWith(' ') ? text.slice(1) : text }
}

function quoteMarks(depth: number): string {
  return depth === 0 ? '' : `${'>'.repeat(depth)} `
}
