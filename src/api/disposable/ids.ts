import { invalid, notFound } from '../../core/errors.ts'
import { toAsciiDomain } from '../../core/mailboxes/local-part.ts'
import type { Placed } from '../../core/messages/store.ts'

/** A sent message as this dialect names it. */
export function printOutboundId(uuid: string): string {
  return `out_${uuid.replaceAll('-', '')}`
}

/** The message that `/messages/{uid}?domain=` names. What is no number names nothing. */
export function readPlace(uid: string, domain: string): Placed {
  const name = toAsciiDomain(domain)
  if (name === undefined) throw invalid('domain', 'must be a domain name')
  if (!/^[1-9]\d{0,15}$/.test(uid) || !Number.isSafeInteger(Number(uid))) throw notFound('message')
  return { uid: Number(uid), domain: name }
}
