import { z } from 'zod'

/** One of some words, in any case. */
export function word<const T extends string>(...words: T[]) {
  const message = `must be one of ${words.join(', ')}`
  return z
    .string({ error: message })
    .transform((text, ctx) => {
      const found = words.find((one) => one.toLowerCase() === text.toLowerCase())
      if (found !== undefined) return found
      ctx.addIssue({ code: 'custom', message })
      return z.NEVER
    })
    .meta({ type: 'string', enum: words })
}
