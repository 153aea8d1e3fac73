import type { DomainId, OrgId } from '../ids.ts'

export type DomainStatus = 'pending' | 'verified' | 'failed'

/** A mail domain. The platform's own has no owner and is always verified. */
export interface Domain {
  id: DomainId
  orgId: OrgId | null
  /** ASCII, lower-case. */
  name: string
  status: DomainStatus
  createdAt: number
  updatedAt: number
}
