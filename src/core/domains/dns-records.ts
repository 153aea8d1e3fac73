import { splitTxt } from '../../protocol/dkim/generate-dkim-key.ts'
import type { App } from '../app.ts'
import { PUBLISHED_AFTER_MS } from './dkim-keys/commands.ts'
import { type DkimKey, isOptional, nameOfKey } from './dkim-keys/model.ts'
import { domainNamed } from './domains.ts'
import type { Domain } from './model.ts'

/** One record that the owner of a domain publishes. */
export interface DnsRecord {
  type: 'MX' | 'TXT' | 'CNAME'
  purpose: 'mx' | 'spf' | 'dkim' | 'dmarc' | 'tracking'
  /** Unique in its domain; what is known of the record is kept under it. */
  key: string
  name: string
  value: string
  /** The value cut into the strings of a TXT record (RFC 1035 §3.3.14); empty for the others. */
  strings: string[]
  /** Of an MX; null for the rest. */
  priority: number | null
  /** False for optional keys, and those that do not sign yet or any more: verification does without them. */
  required: boolean
}

/** What the DNS should say of this domain, for the operator. */
export async function dnsRecordsOf(app: App, domainName: string): Promise<DnsRecord[]> {
  return recordsOfDomain(app, await domainNamed(app, domainName))
}

/** What the DNS should say of this domain, keys that are about to sign and those that have just stopped included. */
export async function recordsOfDomain(app: App, domain: Domain): Promise<DnsRecord[]> {
  const { id, name } = domain
  const since = app.clock.now() - PUBLISHED_AFTER_MS
  const keys = await app.store.read.dkimKeys.ofDomain(id)
  const shown = keys.filter((key) => key.retiredAt === null || key.retiredAt > since)
  const recordOf = (key: DkimKey) =>
    txt('dkim', nameOfKey(domain, key), key.publicRecord, key.state === 'active' && !isOptional(domain, key))
  return [
    mx(app, name),
    ...(domain.subdomainsEnabled ? [mx(app, `*.${name}`)] : []),
    // We send from the host that the MX names.
    txt('spf', name, 'v=spf1 mx ~all'),
    ...shown.filter((key) => !isOptional(domain, key)).map(recordOf),
    txt('dmarc', `_dmarc.${name}`, `v=DMARC1; p=none; rua=mailto:postmaster@${name}`),
    ...(domain.trackingEnabled ? [cname(trackingName(name), new URL(app.settings.publicUrl).hostname)] : []),
    // Last, where who copies the records by hand may stop.
    ...shown.filter((key) => isOptional(domain, key)).map(recordOf),
  ]
}

/** The name that says that a domain has the opening of its mail told. */
export function trackingName(domain: string): string {
  return `link.${domain}`
}

/** Under which a domain keeps what the DNS showed of a record. */
export function recordKey(type: DnsRecord['type'], name: string): string {
  return `${type} ${name}`
}

function mx(app: App, name: string): DnsRecord {
  return { ...placeOf('MX', 'mx', name), value: app.settings.mailHost, strings: [], priority: 10, required: true }
}

function cname(name: string, value: string): DnsRecord {
  // Mail goes without it.
  return { ...placeOf('CNAME', 'tracking', name), value, strings: [], priority: null, required: false }
}

function txt(purpose: DnsRecord['purpose'], name: string, value: string, required = true): DnsRecord {
  return { ...placeOf('TXT', purpose, name), value, strings: splitTxt(value), priority: null, required }
}

function placeOf(type: DnsRecord['type'], purpose: DnsRecord['purpose'], name: string) {
  return { type, purpose, key: recordKey(type, name), name }
}
