import type { App } from '../app.ts'
import { type DomainId, newId, type OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { insertKeys, type NewDkimKey } from './dkim-keys/commands.ts'
import { firstKeys } from './dkim-keys/rotate.ts'
import type { Domain } from './model.ts'

/** Makes the platform's domain and its keys on the first start; on every other it answers what is there. */
export async function ensurePlatformDomain(app: App): Promise<Domain> {
  const name = app.settings.mailDomain
  const known = (await app.store.read.domains.byName(name)).find((domain) => domain.orgId === null)
  if (known && (await app.store.read.dkimKeys.ofDomain(known.id)).length > 0) return known
  const id = known?.id ?? newId<DomainId>()
  return app.store.run('domains.ensure-platform', { id, name, keys: await firstKeys(app, id) })
}

/** Of two nodes that start together the second finds the work of the first, and its own keys are forgotten. */
export async function ensurePlatform(
  tx: Tx,
  input: { id: DomainId; name: string; keys: NewDkimKey[] },
): Promise<Domain> {
  await tx.accounts.lockOrganization('platform domain' as OrgId)
  const known = (await tx.domains.byName(input.name)).find((domain) => domain.orgId === null)
  const domain = known ?? (await insertPlatform(tx, input))
  // Keys are sealed for the domain they were made for.
  const fits = domain.id === input.id && (await tx.dkimKeys.ofDomain(domain.id)).length === 0
  if (fits) await insertKeys(tx, domain.id, input.keys, 'active')
  return domain
}

async function insertPlatform(tx: Tx, { id, name }: { id: DomainId; name: string }): Promise<Domain> {
  const domain: Domain = { id, orgId: null, name, status: 'verified', createdAt: tx.now, updatedAt: tx.now }
  await tx.domains.insert(domain)
  return domain
}
