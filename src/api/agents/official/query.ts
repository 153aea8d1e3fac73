import { z } from 'zod'

const MAX_VALUES = 50

/**
 * Search parameters as a plain record. Clients write lists as one JSON array, with commas, by repeating the name or with `[]` behind it;
 * `list` understands them all, once the names are the same.
 */
export function readQuery(search: URLSearchParams): Record<string, string | string[]> {
  const grouped = Map.groupBy(search, ([name]) => name.replace(/\[\d*\]$/, ''))
  return Object.fromEntries(
    [...grouped].map(([name, entries]) => {
      const values = entries.map(([, value]) => value)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
}

/** A list of texts in any of the spellings; empty ones do not count. */
export const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value, ctx) => {
    const values = [value].flat().flatMap(readValues)
    if (values.every((v) => typeof v === 'string')) return [...new Set(values)].filter((v) => v !== '')
    ctx.addIssue({ code: 'custom', message: 'must be a list of texts' })
    return z.NEVER
  })
  .refine((values) => values.length <= MAX_VALUES, `at most ${MAX_VALUES} values`)
  .meta({ type: 'array', items: { type: 'string' }, anyOf: undefined })

function readValues(text: string): unknown[] {
  const trimmed = text.trim()
  if (!trimmed.startsWith('[')) return trimmed.split(',').map((part) => part.trim())
  try {
    return [JSON.parse(trimmed)].flat()
  } catch {
    return [undefined]
  }
}
