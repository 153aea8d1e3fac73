import { Failure } from '../../errors.ts'
import type { DomainId } from '../../ids.ts'
import type { Tx } from '../../store.ts'
import type { DkimKey, DkimKeyState } from './model.ts'

/** How long a retired key stays published: longer than any queue keeps a signed mail. */
export const PUBLISHED_AFTER_MS = 14 * 24 * 3_600_000

export type NewDkimKey = Pick<DkimKey, 'id' | 'selector' | 'algorithm' | 'publicRecord' | 'sealedKey'>

/** Gives a domain the keys it signs with from now on; a domain that has keys keeps them. */
export async function addFirstDkimKeys(tx: Tx, input: { domainId: DomainId; keys: NewDkimKey[] }): Promise<void> {
  await hold(tx, input.domainId)
  if ((await tx.dkimKeys.ofDomain(input.domainId)).length === 0) await insertKeys(tx, input, 'active')
}

/** Adds keys that will sign one day. While others are pending nothing is added, and those are answered. */
export async function addDkimKeys(tx: Tx, input: { domainId: DomainId; keys: NewDkimKey[] }): Promise<DkimKey[]> {
  await hold(tx, input.domainId)
  const known = await tx.dkimKeys.ofDomain(input.domainId)
  const pending = known.filter((key) => key.state === 'pending')
  if (pending.length > 0) return pending
  const forgotten = known.filter((key) => key.retiredAt !== null && key.retiredAt <= tx.now - PUBLISHED_AFTER_MS)
  await tx.dkimKeys.delete(forgotten.map((key) => key.id))
  return insertKeys(tx, input, 'pending')
}

/** From this commit on the pending keys sign; those that signed are retired and their private halves forgotten. */
export async function activateDkimKeys(tx: Tx, input: { domainId: DomainId }): Promise<DkimKey[]> {
  await hold(tx, input.domainId)
  const known = await tx.dkimKeys.ofDomain(input.domainId)
  const pending = known.filter((key) => key.state === 'pending')
  if (pending.length === 0) throw new Failure('conflict', 'No key of this domain is waiting')
  for (const key of known.filter((k) => k.state === 'active')) {
    await tx.dkimKeys.update({ ...key, sealedKey: null, state: 'retired', retiredAt: tx.now })
  }
  for (const key of pending) await tx.dkimKeys.update({ ...key, state: 'active', activatedAt: tx.now })
  return pending.map((key) => ({ ...key, state: 'active', activatedAt: tx.now }))
}

async function insertKeys(
  tx: Tx,
  { domainId, keys }: { domainId: DomainId; keys: NewDkimKey[] },
  state: DkimKeyState,
): Promise<DkimKey[]> {
  const activatedAt = state === 'active' ? tx.now : null
  const made = keys.map((key) => ({ ...key, domainId, state, createdAt: tx.now, activatedAt, retiredAt: null }))
  for (const key of made) await tx.dkimKeys.insert(key)
  return made
}

function hold(tx: Tx, domainId: DomainId): Promise<void> {
  return tx.hold(`keys of domain ${domainId}`)
}
