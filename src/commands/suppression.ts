import { parseId } from '../api/agents/ids.ts'
import type { Config } from '../config.ts'
import { isUuid, type OrgId } from '../core/ids.ts'
import type { Suppression } from '../core/suppressions/model.ts'
import { liftSuppression, suppressFor, suppressionsOf } from '../core/suppressions/suppressions.ts'
import { openApp } from '../open-app.ts'
import { table, time } from './table.ts'

export interface SuppressionOptions {
  org: string
  json?: boolean
}

const PAGE = 500

/** Prints the addresses that an organization has stopped writing to, newest first; as JSON one a line. */
export async function listSuppressed(config: Config, options: SuppressionOptions): Promise<void> {
  await using opened = await openApp(config)
  for (let offset = 0; ; offset += PAGE) {
    const { items } = await suppressionsOf(opened.app, orgOf(options), { limit: PAGE, offset })
    if (options.json) for (const item of items) console.log(JSON.stringify(toItem(item)))
    else process.stdout.write(table(['ADDRESS', 'REASON', 'SINCE'], items.map(toRow)))
    if (items.length < PAGE) return
  }
}

/** Stops all mail of an organization to these addresses. */
export async function addSuppressed(config: Config, addresses: string[], options: SuppressionOptions): Promise<void> {
  await using opened = await openApp(config)
  for (const address of addresses) {
    const held = await suppressFor(opened.app, orgOf(options), address)
    console.log(options.json ? JSON.stringify(toItem(held)) : `${held.address} is suppressed: ${held.reason}`)
  }
}

/** Lets mail to these addresses go out again, whoever suppressed them. */
export async function removeSuppressed(
  config: Config,
  addresses: string[],
  options: SuppressionOptions,
): Promise<void> {
  await using opened = await openApp(config)
  for (const address of addresses) {
    await liftSuppression(opened.app, orgOf(options), address)
    console.error(`${address} may be written to again`)
  }
}

function orgOf({ org }: SuppressionOptions): OrgId {
  return (isUuid(org) ? org : parseId('organization', org)) as OrgId
}

function toItem({ address, reason, createdAt }: Suppression) {
  return { address, reason, created_at: time(createdAt) }
}

function toRow({ address, reason, createdAt }: Suppression): string[] {
  return [address, reason, time(createdAt)]
}
