import { type DomainId, newId, type OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { Domain } from './model.ts'

// No organization has this id, so only the platform's own domain is found under it.
const NOBODY = 'platform' as OrgId

/** The platform's own domain, made at the first start with its name: nobody's, and verified since the operator says so. */
export async function ensurePlatformDomain(tx: Tx, input: { name: string }): Promise<Domain> {
  await tx.accounts.lockOrganization(NOBODY)
  const existing = await tx.domains.usable(NOBODY, input.name)
  if (existing) return existing
  const id = newId<DomainId>()
  const times = { createdAt: tx.now, updatedAt: tx.now }
  const neverChecked = { states: {}, checkedAt: null, recheckAt: null, failingSince: null }
  const name = input.name
  const plain = { subdomainsEnabled: false, trackingEnabled: false }
  const owner = { orgId: null, projectId: null }
  const domain: Domain = {
    id,
    ...owner,
    name,
    status: 'verified',
    feedbackEnabled: true,
    ...plain,
    ...neverChecked,
    ...times,
  }
  await tx.domains.insert(domain)
  return domain
}
