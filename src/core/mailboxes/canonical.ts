import { canonicalAddress } from '../../protocol/address/normalize.ts'
import { ParseError } from '../../protocol/parse-error.ts'

/** The one spelling of an address under which it is kept and compared; undefined for text that is no address. */
export function canonicalOrNone(text: string): string | undefined {
  try {
    return canonicalAddress(text)
  } catch (error) {
    if (error instanceof ParseError) return undefined
    throw error
  }
}
