import { allFields, readHead } from '../../protocol/mime/header-fields.ts'
import { Failure } from '../errors.ts'

/** RFC 5321 §6.3 asks for at least 100 in the simple way of counting; the field's servers stop here. */
export const MAX_HOPS = 50

/** Refuses with `loop` a mail that has been through too many servers. */
export function refuseLoop(raw: Uint8Array): void {
  const { fields } = readHead(raw)
  if (allFields(fields, 'received').length >= MAX_HOPS) throw new Failure('loop', 'Too many hops')
}
