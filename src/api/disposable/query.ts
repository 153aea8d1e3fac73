import { z } from 'zod'

const integer = z.string().regex(/^-?\d{1,15}$/, 'must be a whole number')

/** How many items are asked for: out of range it is the nearest that is in range. */
export const limit = integer
  .transform((text) => Math.min(Math.max(Number(text), 1), 200))
  .default(50)
  .meta({ type: 'integer', minimum: 1, maximum: 200, description: '50 when absent' })

/** The domain of the inbox that a message is in. */
export const inDomain = z.object({ domain: z.string().describe('Of the inbox: numbers are counted in each domain') })
