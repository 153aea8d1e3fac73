import { z } from 'zod'
import { isUuid } from '../../core/ids.ts'

const NOTHING = '00000000-0000-0000-0000-000000000000'

/** The GUID of a path in any case. What is none names nothing, so that core answers for it like for any unknown one. */
export function parseGuid<T extends string>(text: string): T {
  const id = text.toLowerCase()
  return (isUuid(id) ? id : NOTHING) as T
}

/** A GUID in a body; that of nothing is none. */
export const Guid = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine((text) => isUuid(text) && text !== NOTHING, 'must be a GUID')
