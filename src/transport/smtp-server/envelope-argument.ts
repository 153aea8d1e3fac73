import { type EnvelopePath, parseEnvelopePath } from '../../protocol/address/envelope-path.ts'
import { ParseError } from '../../protocol/parse-error.ts'
import { parseParameters } from '../../protocol/smtp/command-line.ts'
import { badArgument, Refusal } from './refusal.ts'

export interface EnvelopeArgument {
  path: EnvelopePath
  parameters: Map<string, string | null>
}

/** What stands behind MAIL (`FROM:<…> …`) and RCPT (`TO:<…> …`). */
export function readEnvelopeArgument(keyword: 'FROM' | 'TO', argument: string): EnvelopeArgument {
  const [, rest] = /^([a-z]+)[ \t]*:/i.exec(argument)?.[1]?.toUpperCase() === keyword ? split(argument) : []
  if (rest === undefined) throw badArgument(`Say ${keyword}:<address>`)
  const path = readPath(keyword, rest)
  try {
    return { path, parameters: parseParameters(path.rest) }
  } catch (error) {
    if (error instanceof ParseError) throw badArgument(error.message)
    throw error
  }
}

/** RFC 6531 §3.5: an address beyond ASCII needs SMTPUTF8 in MAIL. */
export function refuseUnannouncedUtf8(address: string, utf8: boolean): void {
  if (!utf8 && /[^\0-\x7f]/.test(address)) throw new Refusal(553, '5.6.7', 'This address needs SMTPUTF8')
}

function split(argument: string): [string, string] {
  const colon = argument.indexOf(':')
  return [argument.slice(0, colon), argument.slice(colon + 1)]
}

function readPath(keyword: 'FROM' | 'TO', text: string): EnvelopePath {
  try {
    return parseEnvelopePath(text)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw new Refusal(501, keyword === 'FROM' ? '5.1.7' : '5.1.3', error.message)
  }
}
