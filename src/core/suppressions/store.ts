import type { OrgId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Suppression } from './model.ts'

export interface SuppressionReader {
  /** Those of these canonical addresses that are suppressed. */
  among(org: OrgId, addresses: readonly string[]): Promise<Suppression[]>
  /** Newest first, ties by address. */
  list(org: OrgId, page: PageRequest): Promise<Page<Suppression>>
}

export interface SuppressionWriter extends SuppressionReader {
  /** False when the address is suppressed already; the first reason stays. */
  add(suppression: Suppression): Promise<boolean>
  /** False when it was not there. */
  remove(org: OrgId, address: string): Promise<boolean>
}
