import { z } from 'zod'

/** Search parameters as a plain record: one that is repeated becomes a list, so that a shape for one text refuses it. */
export function readQuery(search: URLSearchParams): Record<string, string | string[]> {
  const grouped = Map.groupBy(search, ([name]) => name)
  const values = (entries: [string, string][]) => entries.map(([, value]) => value)
  return Object.fromEntries(
    [...grouped].map(([name, entries]) => [name, entries.length === 1 ? (entries[0]?.[1] ?? '') : values(entries)]),
  )
}

/** A whole number in its plain decimal form; absent, it is `fallback`. */
export function wholeNumber({ min, max, fallback }: Bounds & { fallback: number }) {
  const described = { ...schemaOf({ min, max }), description: `${fallback} when absent` }
  return decimal({ min, max }).default(fallback).meta(described)
}

/** A whole number in its plain decimal form, or undefined when it is absent. */
export function optionalNumber(bounds: Bounds) {
  return decimal(bounds).optional().meta(schemaOf(bounds))
}

interface Bounds {
  min: number
  max?: number | undefined
}

function decimal({ min, max }: Bounds) {
  const message =
    max === undefined ? `must be a whole number from ${min}` : `must be a whole number from ${min} to ${max}`
  return z.string({ error: () => message }).transform((text, ctx) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= (max ?? value)) return value
    ctx.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

function schemaOf({ min, max }: Bounds) {
  return { type: 'integer', minimum: min, ...(max === undefined ? {} : { maximum: max }) } as const
}

/** Seconds, with or without a fraction, as milliseconds; more than `max` is `max`. */
export function seconds({ max, fallback }: { max: number; fallback: number }) {
  return z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/, 'must be a number of seconds from 0')
    .transform((text) => Math.min(Number(text), max) * 1000)
    .default(fallback * 1000)
    .meta({ type: 'number', minimum: 0, description: `${fallback} when absent; more than ${max} is ${max}` })
}

/** `true` or `false`. */
export const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((text) => text === 'true')
  .meta({ type: 'boolean', enum: undefined })

const notATime = { error: 'must be an ISO 8601 time' }

/**
 * A moment or a day in ISO 8601, as epoch milliseconds, in the spellings that programs print: without an offset it is UTC, an offset
 * may do without its colon, and a `+` that the query's decoding took for a blank is a `+`.
 */
export const moment = z
  .string(notATime)
  .transform((text) => text.trim().replace(/(T.+?)([ +-])(\d\d):?(\d\d)$/, withOffset))
  .pipe(z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()], notATime))
  .transform((text) => Date.parse(/T.*(Z|[+-]\d\d:\d\d)$|^[\d-]+$/.test(text) ? text : `${text}Z`))
  .meta({ type: 'string', format: 'date-time', anyOf: undefined })

function withOffset(_: string, time: string, sign: string, hours: string, minutes: string): string {
  return `${time}${sign === ' ' ? '+' : sign}${hours}:${minutes}`
}

// Each value becomes a condition of a query, and stores bound how many of those they take.
const MAX_VALUES = 50
const fewEnough = [(values: string[]) => values.length <= MAX_VALUES, `at most ${MAX_VALUES} values`] as const
const asList = { type: 'array', items: { type: 'string' }, anyOf: undefined }

/** A parameter that may be repeated. */
export const several = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [...new Set([value].flat())])
  .refine(...fewEnough)
  .meta(asList)

/** A parameter that may be repeated or hold several values with commas between them. */
export const commaList = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [...new Set([value].flat().flatMap((v) => v.split(',').map((name) => name.trim())))])
  .transform((values) => values.filter((v) => v !== ''))
  .refine(...fewEnough)
  .meta(asList)
