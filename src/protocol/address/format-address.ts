import type { Address } from './address.ts'
import { isPlainPhrase } from './atext.ts'
import { writeQuotedString } from './quoted-string.ts'

/** The address for people to read, `Name <user@host>`: the name in quotes where it holds specials, never encoded. */
export function formatAddress({ name, address }: Address): string {
  // A decoded name may hold anything; a line break in it would forge lines wherever this is printed.
  const shown = (name ?? '').replace(/\p{Cc}/gu, ' ')
  if (shown.trim() === '') return address
  // An outer no-break space would be trimmed away when the form is read back.
  const plain = isPlainPhrase(shown) && shown === shown.trim()
  return `${plain ? shown : writeQuotedString(shown)} <${address}>`
}
