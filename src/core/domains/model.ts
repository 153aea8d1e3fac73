import type { DomainId, OrgId, ProjectId } from '../ids.ts'

/**
 * `pending`: the DNS did not show all records yet. `verified`: it did; a few days of failures are forgiven. `failed`: it was verified
 * once, and the DNS has stopped showing that. Mail is sent from verified domains only, and received by mailboxes whatever the status.
 */
export type DomainStatus = 'pending' | 'verified' | 'failed'

/** What the DNS shows in the place of one record. */
export interface RecordState {
  status: 'missing' | 'invalid' | 'valid'
  /** Why it is invalid: several records where one is allowed, or one that says something else. */
  reason: 'duplicate' | 'mismatch' | null
  /** The records that are there, as far as they concern us. */
  found: string[]
}

/** A mail domain. The platform's own has no owner and is always verified. */
export interface Domain {
  id: DomainId
  orgId: OrgId | null
  projectId: ProjectId | null
  /** ASCII, lower-case. */
  name: string
  status: DomainStatus
  /** Reports on bounces and complaints are filed in the mailbox that sent; without it they are events only. */
  feedbackEnabled: boolean
  /** Mailboxes may be in any name below it. */
  subdomainsEnabled: boolean
  /** Its mail may hold pictures that tell when it is opened. */
  trackingEnabled: boolean
  /** By the key of the record; one that was never looked up is not in it. */
  states: Record<string, RecordState>
  /** When the DNS was asked last. */
  checkedAt: number | null
  /** When it is asked next without anybody wanting it; null for the platform's own. */
  recheckAt: number | null
  /** Since when a verified domain has lacked a record. */
  failingSince: number | null
  createdAt: number
  updatedAt: number
}
