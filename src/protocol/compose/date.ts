import { ParseError } from '../parse-error.ts'

/** RFC 5322 §3.3, always in UTC. */
export function formatDate(epochMs: number): string {
  const date = new Date(epochMs)
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new ParseError('the date has no form in a message')
  return date.toUTCString().replace('GMT', '+0000')
}
