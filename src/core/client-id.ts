import { invalid } from './errors.ts'

/** A name that a maker gives to what it makes, so that making it twice makes one; absent is null. */
export function checkClientId(value: string | null | undefined): string | null {
  if (value === null || value === undefined) return null
  if (!/^[A-Za-z0-9._~-]{1,256}$/.test(value)) throw invalid('client_id', 'must be 1 to 256 of A-Z a-z 0-9 . _ ~ -')
  return value
}
