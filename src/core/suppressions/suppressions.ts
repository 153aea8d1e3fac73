import { type Caller, demand, demandWholeOrganization } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import type { OrgId } from '../ids.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Suppression } from './model.ts'

/** The addresses that the organization has stopped writing to, newest first. */
export async function listSuppressions(app: App, caller: Caller, page: PageRequest): Promise<Page<Suppression>> {
  demand(caller, 'list_entry_read')
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

/** Takes back a suppression whatever its reason, by the operator of the server. */
export async function liftSuppression(app: App, orgId: OrgId, address: string): Promise<void> {
  await app.store.run('suppressions.remove', { orgId, address: checkAddress(address), byOperator: true })
}

function checkAddress(text: string): string {
  const address = canonicalOrNone(text)
  if (!address) throw invalid('address', 'is not an address')
  return address
}
