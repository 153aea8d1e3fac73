import type { Reach } from '../accounts/caller.ts'
import type { DomainId, OrgId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Domain } from './model.ts'

export interface DomainReader {
  /** The domain as this organization may use it: its own, or the platform's. */
  usable(org: OrgId, name: string): Promise<Domain | undefined>
  /** The organization's own claim to this name. */
  own(org: OrgId, name: string): Promise<Domain | undefined>
  /** Newest first; the platform's is not among them. From inside a mailbox there is none to be seen. */
  list(reach: Reach, page: PageRequest): Promise<Page<Domain>>
  /** True when mail to any address of this name is ours to judge: some organization has it verified, or it is the platform's. */
  isLocal(name: string): Promise<boolean>
  /** Every organization's claim to this name: the platform's first, then verified ones, then by age. */
  byName(name: string): Promise<Domain[]>
  /** The names of which mail is ours, in their order, behind `after`. */
  localNames(after: string, limit: number): Promise<string[]>
  /** The domains with a way out of their own, by name. */
  routes(): Promise<SealedRoute[]>
  /** Those whose records are to be looked up again by `now`, the longest overdue first. */
  due(now: number, limit: number): Promise<Domain[]>
}

/** The way out that the operator chose for the mail of one domain, encrypted for its row. */
export interface SealedRoute {
  domainId: DomainId
  /** Whose domain it is; null: the platform's. */
  orgId: OrgId | null
  name: string
  sealedRoute: string
}

export interface DomainWriter extends DomainReader {
  insert(domain: Domain): Promise<void>
  /** Null: the way of the server. */
  setRoute(id: DomainId, sealedRoute: string | null, now: number): Promise<void>
  /** Writes everything but its identity. */
  update(domain: Domain): Promise<void>
  delete(id: DomainId): Promise<void>
}
