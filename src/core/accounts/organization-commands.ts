import { newId, type OrgId, type ProjectId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { Organization } from './model.ts'

export interface NewOrganization {
  name: string
  mailboxLimit: number | null
  domainLimit: number | null
}

/** Makes an organization with its default project. */
export async function createOrganization(tx: Tx, input: NewOrganization): Promise<Organization> {
  const organization: Organization = { id: newId<OrgId>(), ...input, createdAt: tx.now, updatedAt: tx.now }
  await tx.accounts.insertOrganization(organization, {
    id: newId<ProjectId>(),
    orgId: organization.id,
    ...{ name: 'default', clientId: null, isDefault: true },
    ...{ createdAt: tx.now, updatedAt: tx.now },
  })
  return organization
}

/** The organization of the first start, made now if there is none. Two nodes that start together make one. */
export async function ensureFirstOrganization(tx: Tx, _input: Record<string, never>): Promise<Organization> {
  await tx.accounts.lockOrganization('first' as OrgId)
  const first = await tx.accounts.firstOrganization()
  return first ?? createOrganization(tx, { name: 'Default', mailboxLimit: null, domainLimit: null })
}
