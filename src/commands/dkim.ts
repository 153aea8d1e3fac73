import type { Config } from '../config.ts'
import type { DkimKey } from '../core/domains/dkim-keys/model.ts'
import { activateDkimKeys, rotateDkimKeys } from '../core/domains/dkim-keys/rotate.ts'
import { dnsRecordsOf } from '../core/domains/dns-records.ts'
import { zoneText } from '../core/domains/zone-text.ts'
import { openApp } from '../open-app.ts'

export interface DkimOptions {
  activate?: boolean
  force?: boolean
  json?: boolean
}

/** Makes a domain's next keys and prints what to publish; with `activate`, lets them sign once the DNS shows them. */
export async function rotateDkim(config: Config, domain: string, options: DkimOptions): Promise<void> {
  await using opened = await openApp(config, { anySecret: true })
  const { app } = opened
  if (options.activate) {
    const keys = await activateDkimKeys(app, domain, { force: options.force ?? false })
    print(keys, options, () => `${domain} is signed by ${keys.map((key) => key.selector).join(' and ')} from now on\n`)
    return
  }
  const keys = await rotateDkimKeys(app, domain)
  const names = new Set(keys.map((key) => `${key.selector}._domainkey.`))
  const records = (await dnsRecordsOf(app, domain)).filter(({ name }) =>
    [...names].some((start) => name.startsWith(start)),
  )
  print(keys, options, () => zoneText(domain, app.settings.mailHost, records).replace(/^;.*\n/gm, ''))
  console.error(`Publish these, leave the old ones in place, then run: dkim rotate ${domain} --activate`)
}

function print(keys: DkimKey[], { json }: DkimOptions, text: () => string): void {
  if (!json) process.stdout.write(text())
  else
    console.log(
      JSON.stringify(
        keys.map(({ selector, algorithm, state, publicRecord }) => ({
          selector,
          algorithm,
          state,
          record: publicRecord,
        })),
      ),
    )
}
