import { type Caller, demandWholeOrganization } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { invalid, notFound } from '../errors.ts'
import type { OrgId } from '../ids.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Suppression } from './model.ts'

/** The addresses that the organization has stopped writing to, newest first. */
export async function listSuppressions(app: App, caller: Caller, page: PageRequest): Promise<Page<Suppression>> {
  demandWholeOrganization(caller, 'list_entry_read')
  return app.store.read.suppressions.list(caller.orgId, page)
}

/** Stops all mail of the organization to an address. */
export async function suppress(app: App, caller: Caller, address: string): Promise<Suppression> {
  demandWholeOrganization(caller, 'list_entry_create')
  const fields = { address: checkAddress(address), reason: 'manual' as const, deliveryId: null }
  return app.store.run('suppressions.add', { orgId: caller.orgId, ...fields })
}

/** Takes back what a person of the organization has suppressed. */
export async function unsuppress(app: App, caller: Caller, address: string): Promise<void> {
  demandWholeOrganization(caller, 'list_entry_delete')
  const fields = { address: checkAddress(address), byOperator: false }
  await app.store.run('suppressions.remove', { orgId: caller.orgId, ...fields })
}

/** The addresses that an organization has stopped writing to, for the operator. */
export async function suppressionsOf(app: App, orgId: OrgId, page: PageRequest): Promise<Page<Suppression>> {
  await checkOrganization(app, orgId)
  return app.store.read.suppressions.list(orgId, page)
}

/** Stops all mail of an organization to an address, by the operator of the server. */
export async function suppressFor(app: App, orgId: OrgId, address: string): Promise<Suppression> {
  await checkOrganization(app, orgId)
  return app.store.run('suppressions.add', {
    orgId,
    address: checkAddress(address),
    reason: 'manual',
    deliveryId: null,
  })
}

/** Takes back a suppression whatever its reason, by the operator of the server. */
export async function liftSuppression(app: App, orgId: OrgId, address: string): Promise<void> {
  await app.store.run('suppressions.remove', { orgId, address: checkAddress(address), byOperator: true })
}

async function checkOrganization(app: App, orgId: OrgId): Promise<void> {
  if (!(await app.store.read.accounts.organization(orgId))) throw notFound('organization')
}

function checkAddress(text: string): string {
  const address = canonicalOrNone(text)
  if (!address) throw invalid('address', 'is not an address')
  return address
}
