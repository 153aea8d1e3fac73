import type { MxRecord } from '../../src/protocol/dns/resolver.ts'
import type { Zone } from './dns-server.ts'

interface Shown {
  type: string
  name: string
  value: string
  priority: number | null
}

/** The zone of an owner who publishes records as the API shows them; long texts are cut as providers cut them. */
export function publish(...records: readonly Shown[]): Zone {
  const zone: Record<string, { txt: string[][]; mx: MxRecord[]; cname?: string; ttl: number }> = {}
  for (const { type, name, value, priority } of records) {
    const entry = zone[name] ?? { txt: [], mx: [], ttl: 0 }
    if (type === 'MX') entry.mx.push({ exchange: value, priority: priority ?? 0 })
    else if (type === 'CNAME') entry.cname = value
    else entry.txt.push(value.match(/.{1,200}/g) ?? [''])
    zone[name] = entry
  }
  return zone
}
