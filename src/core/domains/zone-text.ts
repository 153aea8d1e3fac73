import type { DnsRecord } from './dns-records.ts'

/** The records as lines of a zone file (RFC 1035 §5), with what else is worth publishing in its comments. */
export function zoneText(domain: string, mailHost: string, records: readonly DnsRecord[]): string {
  const width = Math.max(...records.map(({ name }) => name.length)) + 1
  const lines = records.map(
    (record) => `${`${record.name}.`.padEnd(width)} 3600 IN ${record.type.padEnd(3)} ${dataOf(record)}`,
  )
  return [`; ${domain}`, ...lines, ...hints(domain, mailHost), ''].join('\n')
}

function dataOf({ type, value, strings, priority }: DnsRecord): string {
  if (type === 'MX') return `${priority ?? 10} ${value}.`
  if (type === 'CNAME') return `${value}.`
  const quoted = strings.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`)
  // Round brackets let a record go over several lines.
  return quoted.length === 1 ? (quoted[0] ?? '') : `( ${quoted.join('\n    ')} )`
}

function hints(domain: string, mailHost: string): string[] {
  return [
    `; ${mailHost} needs an A (and AAAA) record, and its address a PTR record that names ${mailHost}.`,
    '; Once reports show that only your own mail passes, say p=quarantine or p=reject in the DMARC record.',
    '; MTA-STS (RFC 8461), with a certificate that is good for the mail host: serve the file',
    `;   https://mta-sts.${domain}/.well-known/mta-sts.txt`,
    `;     version: STSv1 / mode: testing / mx: ${mailHost} / max_age: 604800    (a line each)`,
    `;   and publish   _mta-sts.${domain}. 3600 IN TXT "v=STSv1; id=1"   with a new id at each change.`,
  ]
}
