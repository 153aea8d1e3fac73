import { isUtf8 } from 'node:buffer'
import { ParseError } from '../parse-error.ts'

/** One command of a session: its verb in upper case, and all that stands behind it. */
export interface CommandLine {
  verb: string
  argument: string
}

/** Reads a command line without its line end (RFC 5321 §4.1.1); text above ASCII is UTF-8 (RFC 6531 §3.3). */
export function parseCommandLine(bytes: Buffer): CommandLine {
  if (!isUtf8(bytes)) throw new ParseError('the command is not valid UTF-8')
  const line = bytes.toString('utf8')
  if (/[\p{Cc}--\t]/v.test(line)) throw new ParseError('the command holds a control character')
  const end = line.search(/[ \t]/)
  if (end < 0) return { verb: line.toUpperCase(), argument: '' }
  return { verb: line.slice(0, end).toUpperCase(), argument: line.slice(end).trim() }
}

/** The ESMTP parameters behind a path (RFC 5321 §4.1.1.11): keywords in upper case, null where there is no `=`. */
export function parseParameters(text: string): Map<string, string | null> {
  const parameters = new Map<string, string | null>()
  for (const word of text.split(/[ \t]+/).filter(Boolean)) {
    const [, keyword, value] = /^([a-z0-9][a-z0-9-]*)(?:=([^=\s]+))?$/i.exec(word) ?? []
    if (keyword === undefined) throw new ParseError('a parameter is malformed')
    const name = keyword.toUpperCase()
    if (parameters.has(name)) throw new ParseError(`the parameter ${name} is given twice`)
    parameters.set(name, value ?? null)
  }
  return parameters
}
