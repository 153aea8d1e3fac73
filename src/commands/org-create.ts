import { printId } from '../api/agents/ids.ts'
import type { Config } from '../config.ts'
import { foundOrganization } from '../core/accounts/organizations.ts'
import { openApp } from '../open-app.ts'

/** Makes an organization and its first admin key, and prints both. */
export async function createOrg(config: Config, name: string, options: { json?: boolean }): Promise<void> {
  await using opened = await openApp(config)
  const { organization, key } = await foundOrganization(opened.app, { name })
  const orgId = printId('organization', organization.id)
  if (options.json) console.log(JSON.stringify({ org_id: orgId, api_key: key }))
  else console.log(`Organization ${orgId}\nAPI key      ${key}`)
}
