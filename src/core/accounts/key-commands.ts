import { Failure, notFound } from '../errors.ts'
import type { NewEvent } from '../events/model.ts'
import type { ApiKeyId, OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { wholeOrganization } from './caller.ts'
import { checkProject } from './check-project.ts'
import type { ApiKey } from './model.ts'

const MAX_KEYS_PER_ORGANIZATION = 100

/** Keeps a new key; refuses the one over the limit. */
export async function createKey(tx: Tx, input: { key: Omit<ApiKey, 'createdAt' | 'updatedAt' | 'usedAt'> }) {
  const { orgId } = input.key
  await tx.accounts.lockOrganization(orgId)
  const { total } = await tx.accounts.keys(wholeOrganization(orgId), { limit: 0 })
  if (total >= MAX_KEYS_PER_ORGANIZATION) {
    throw new Failure('limit_reached', `An organization may have ${MAX_KEYS_PER_ORGANIZATION} API keys`)
  }
  await checkProject(tx, input.key)
  const key: ApiKey = { ...input.key, usedAt: null, createdAt: tx.now, updatedAt: tx.now }
  await tx.accounts.insertKey(key)
  return key
}

export type KeyChange = Partial<Pick<ApiKey, 'name' | 'permissions'>>

/** Changes what is given and leaves the rest. */
export async function updateKey(tx: Tx, input: { orgId: OrgId; id: ApiKeyId; change: KeyChange }): Promise<ApiKey> {
  const key = await holdKey(tx, input)
  const changed: ApiKey = { ...key, ...input.change, updatedAt: tx.now }
  if (!opensAll(changed, tx.now)) await keepAWayIn(tx, key)
  await tx.accounts.updateKey(changed)
  await tx.events.append(eventOf(input, 'key.updated'))
  return changed
}

/** Revokes a key at once. */
export async function deleteKey(tx: Tx, input: { orgId: OrgId; id: ApiKeyId }): Promise<void> {
  await keepAWayIn(tx, await holdKey(tx, input))
  await dropKey(tx, input)
}

/** The same, in a command that leaves another way in. No harm when the key is gone already. */
export async function dropKey(tx: Tx, input: { orgId: OrgId; id: ApiKeyId }): Promise<void> {
  if (await tx.accounts.deleteKey(input.orgId, input.id)) await tx.events.append(eventOf(input, 'key.deleted'))
}

// Whoever is connected with the key hears of it, on every node.
function eventOf({ orgId, id }: { orgId: OrgId; id: ApiKeyId }, type: 'key.updated' | 'key.deleted'): NewEvent {
  return { orgId, mailboxId: null, threadId: null, messageId: null, type, payload: { keyId: id } }
}

async function holdKey(tx: Tx, { orgId, id }: { orgId: OrgId; id: ApiKeyId }): Promise<ApiKey> {
  await tx.accounts.lockOrganization(orgId)
  const key = await tx.accounts.key(orgId, id)
  if (!key) throw notFound('API key')
  return key
}

// The last key that can still manage the organization stays as it is: without it nobody could ever get in again.
async function keepAWayIn(tx: Tx, key: ApiKey): Promise<void> {
  if (!opensAll(key, tx.now)) return
  const all = await tx.accounts.keys(wholeOrganization(key.orgId), { limit: MAX_KEYS_PER_ORGANIZATION })
  if (all.items.some((other) => other.id !== key.id && opensAll(other, tx.now))) return
  throw new Failure('in_use', 'The last key that opens all of an organization must stay')
}

function opensAll(key: ApiKey, now: number): boolean {
  const alive = key.expiresAt === null || key.expiresAt > now
  const everywhere = key.mailboxId === null && !key.projectOnly
  return alive && everywhere && key.permissions === null && key.scopes.includes('admin')
}

/** Notes when keys were last used; many at once, since it is no news worth a commit of its own. */
export async function touchKeys(tx: Tx, input: { uses: { id: ApiKeyId; usedAt: number }[] }): Promise<void> {
  await tx.accounts.touchKeys(input.uses)
}
