import { parseId, parsePodRef, printId } from '../api/agents/ids.ts'
import { parsePermissions } from '../api/agents/permissions.ts'
import type { Config } from '../config.ts'
import { issueKey } from '../core/accounts/keys.ts'
import type { Scope } from '../core/accounts/model.ts'
import { invalid } from '../core/errors.ts'
import { isUuid, type OrgId } from '../core/ids.ts'
import { openApp } from '../open-app.ts'

const scopes: readonly string[] = ['read', 'write', 'admin'] satisfies Scope[]

export interface KeyCreateOptions {
  org: string
  scopes?: string
  permissions?: string
  project?: string
  mailbox?: string
  name?: string
  json?: boolean
}

/** Makes a key for an organization, with fewer rights or for one project or mailbox if asked for, and prints it. */
export async function createKey(config: Config, options: KeyCreateOptions): Promise<void> {
  const orgId = (isUuid(options.org) ? options.org : parseId('organization', options.org)) as OrgId
  const wanted = options.scopes?.split(',').map((scope) => scope.trim())
  const wrong = wanted?.find((scope) => !scopes.includes(scope))
  if (wrong !== undefined) throw invalid('--scopes', `"${wrong}" is none of ${scopes.join(', ')}`)
  await using opened = await openApp(config)
  const { key, text } = await issueKey(opened.app, orgId, {
    name: options.name ?? 'command line',
    ...(wanted ? { scopes: wanted as Scope[] } : {}),
    permissions: permissionsIn(options.permissions),
    project: options.project === undefined ? null : parsePodRef(options.project),
    mailbox: options.mailbox ?? null,
  })
  if (options.json) console.log(JSON.stringify({ key_id: printId('key', key.id), api_key: text }))
  else console.log(`Key     ${printId('key', key.id)}\nAPI key ${text}`)
}

function permissionsIn(list: string | undefined) {
  const names = list?.split(',').map((name) => name.trim())
  return parsePermissions(names && Object.fromEntries(names.map((name) => [name, true])))
}
