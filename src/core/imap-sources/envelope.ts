import { allFields, readHead } from '../../protocol/mime/header-fields.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'

/**
 * The reverse path that the last server wrote on top when it delivered the mail (RFC 5321 §4.4). Empty where it wrote none: nobody
 * vouches for one then.
 */
export function returnPathOf(raw: Uint8Array): string {
  const { fields } = readHead(raw)
  const [top] = allFields(fields, 'return-path')
  const path = top && /<([^<>]*)>/.exec(top.value)?.[1]
  return (path && canonicalOrNone(path)) || ''
}
