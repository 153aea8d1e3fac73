import type { OrgId } from '../ids.ts'

/** The first call with a key: `result` is null while it runs. */
export interface IdempotencyRecord {
  orgId: OrgId
  key: string
  /** Hash of endpoint, mailbox and body: the same key with another one is a conflict. */
  fingerprint: string
  result: unknown
  createdAt: number
  /** A finished one is kept until then; a running one counts as dead after it. */
  expiresAt: number
}

export interface IdempotencyWriter {
  get(org: OrgId, key: string): Promise<IdempotencyRecord | undefined>
  /** Inserts, or replaces an expired one. */
  put(record: IdempotencyRecord): Promise<void>
  delete(org: OrgId, key: string): Promise<void>
  /** Drops what has expired; answers how many. */
  sweep(now: number): Promise<number>
}
