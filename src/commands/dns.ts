import type { Config } from '../config.ts'
import type { App } from '../core/app.ts'
import { type DnsRecord, dnsRecordsOf } from '../core/domains/dns-records.ts'
import { zoneText } from '../core/domains/zone-text.ts'
import { openApp } from '../open-app.ts'
import { domainNames } from './domain-names.ts'

/** Prints what the DNS should say of a domain, or of every domain that mail goes by: lines for a zone file, or JSON. */
export async function printDns(config: Config, domain: string | undefined, options: { json?: boolean }): Promise<void> {
  await using opened = await openApp(config)
  const { app } = opened
  const zones = await zonesOf(app, domain)
  if (options.json) {
    console.log(
      JSON.stringify(domain === undefined ? zones.map(toItem) : toItem(zones[0] ?? { name: domain, records: [] })),
    )
  } else {
    process.stdout.write(zones.map(({ name, records }) => zoneText(name, app.settings.mailHost, records)).join('\n'))
  }
}

interface ZoneRecords {
  name: string
  records: DnsRecord[]
}

async function zonesOf(app: App, domain: string | undefined): Promise<ZoneRecords[]> {
  const zones: ZoneRecords[] = []
  for (const name of domain === undefined ? await domainNames(app) : [domain]) {
    zones.push({ name, records: await dnsRecordsOf(app, name) })
  }
  return zones
}

function toItem({ name, records }: ZoneRecords) {
  return {
    domain: name,
    records: records.map(({ type, purpose, name, value, strings, priority }) => {
      return type === 'MX' ? { type, purpose, name, value, priority } : { type, purpose, name, value, strings }
    }),
  }
}
