import { parse } from 'tldts'
import { isWithin, toAsciiDomain } from '../../protocol/dns/domain-name.ts'
import { invalid } from '../errors.ts'

/** With the longest name that we put before it for a key, a name must still be a name (RFC 1035 §2.3.4). */
const MAX_LENGTH = 253 - 'dkim-ed-20261121-99._domainkey.'.length
/** RFC 1123 §2.1: letters, digits and hyphens inside; the last label never begins with a digit. */
const MAIL_DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/** A name that an organization may claim, in its ASCII form; `invalid` for one that nobody can have for themselves. */
export function checkDomainName(text: string, platformDomain: string): string {
  const name = toAsciiDomain(text)
  if (!name || !MAIL_DOMAIN.test(name)) throw invalid('domain', 'must be a domain name')
  if (name.length > MAX_LENGTH) throw invalid('domain', `must have at most ${MAX_LENGTH} characters`)
  // Below names such as co.uk or github.io live the domains of people who do not know each other.
  if (parse(name, { allowPrivateDomains: true }).publicSuffix === name) throw invalid('domain', 'is a public suffix')
  if (isWithin(platformDomain, name)) throw invalid('domain', 'is the domain of this server')
  return name
}
