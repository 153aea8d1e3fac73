import { z } from 'zod'

/** `2026-02-20T10:30:00.000Z` */
export const Time = z.iso.datetime({ precision: 3 })

export function printTime(at: number): string {
  return new Date(at).toISOString()
}

export function printTimeOrNull(at: number | null): string | null {
  return at === null ? null : printTime(at)
}

const message = 'must be an ISO 8601 time'

/** A moment in ISO 8601. Without an offset it is UTC; a `+` that the query's decoding took for a blank is a `+`. */
export const Moment = z
  .string({ error: message })
  .transform((text) => text.trim().replace(/ (?=\d\d:?\d\d$)/, '+'))
  .pipe(z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()], { error: message }))
  .transform((text) =>
    Date.parse(/^\d{4}-\d\d-\d\dT.*\d$/.test(text) && !/[+-]\d\d:?\d\d$/.test(text) ? `${text}Z` : text),
  )
  .meta({ type: 'string', format: 'date-time', anyOf: undefined })
