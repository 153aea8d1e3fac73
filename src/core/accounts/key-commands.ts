import { Failure, notFound } from '../errors.ts'
import type { ApiKeyId, OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { ApiKey } from './model.ts'

const MAX_KEYS_PER_ORGANIZATION = 100

/** Keeps a new key; refuses the one over the limit. */
export async function createKey(tx: Tx, input: { key: Omit<ApiKey, 'createdAt' | 'updatedAt' | 'usedAt'> }) {
  const { orgId } = input.key
  await tx.accounts.lockOrganization(orgId)
  const { total } = await tx.accounts.keys(orgId, { limit: 0 })
  if (total >= MAX_KEYS_PER_ORGANIZATION) {
    throw new Failure('limit_reached', `An organization may have ${MAX_KEYS_PER_ORGANIZATION} API keys`)
  }
  const key: ApiKey = { ...input.key, usedAt: null, createdAt: tx.now, updatedAt: tx.now }
  await tx.accounts.insertKey(key)
  return key
}

/** Revokes a key at once. The last key that can still manage the organization stays: without it nobody could ever get in again. */
export async function deleteKey(tx: Tx, input: { orgId: OrgId; id: ApiKeyId }): Promise<void> {
  await tx.accounts.lockOrganization(input.orgId)
  const key = await tx.accounts.key(input.orgId, input.id)
  if (!key) throw notFound('API key')
  if (opensAll(key, tx.now)) {
    const all = await tx.accounts.keys(input.orgId, { limit: MAX_KEYS_PER_ORGANIZATION })
    const others = all.items.filter((other) => other.id !== key.id && opensAll(other, tx.now))
    if (others.length === 0) throw new Failure('in_use', 'The last key of an organization cannot be deleted')
  }
  await tx.accounts.deleteKey(input.orgId, input.id)
}

function opensAll(key: ApiKey, now: number): boolean {
  const alive = key.expiresAt === null || key.expiresAt > now
  return alive && key.mailboxId === null && key.permissions === null && key.scopes.includes('admin')
}

/** Notes when keys were last used; many at once, since it is no news worth a commit of its own. */
export async function touchKeys(tx: Tx, input: { uses: { id: ApiKeyId; usedAt: number }[] }): Promise<void> {
  await tx.accounts.touchKeys(input.uses)
}
