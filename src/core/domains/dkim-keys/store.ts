import type { DkimKeyId, DomainId } from '../../ids.ts'
import type { DkimKey } from './model.ts'

export interface DkimKeyReader {
  /** Oldest first, RSA before Ed25519. */
  ofDomain(domain: DomainId): Promise<DkimKey[]>
  /** Of all domains, those that sign now and were made last. */
  newestActive(limit: number): Promise<DkimKey[]>
}

export interface DkimKeyWriter extends DkimKeyReader {
  insert(key: DkimKey): Promise<void>
  update(key: Pick<DkimKey, 'id' | 'sealedKey' | 'state' | 'activatedAt' | 'retiredAt'>): Promise<void>
  delete(ids: DkimKeyId[]): Promise<void>
}
