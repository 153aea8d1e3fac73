import type { OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import type { WebhookSecret } from './model.ts'

/** How long the secret before goes on signing. */
const OVERLAP_MS = 24 * 3_600_000

export interface NewSecret {
  owner: string
  orgId: OrgId
  /** Sealed by the caller: keys do not cross into transactions. */
  sealed: string
}

/** Keeps a secret for an owner that has none; answers the one that holds, and whether it is the new one. */
export async function ensureSecret(tx: Tx, input: NewSecret): Promise<{ secret: WebhookSecret; created: boolean }> {
  const known = await tx.webhooks.secret(input.owner)
  if (known) return { secret: known, created: false }
  const secret = { ...input, previousSealed: null, previousUntil: null, createdAt: tx.now, updatedAt: tx.now }
  await tx.webhooks.putSecret(secret)
  return { secret, created: true }
}

/** Puts a new secret in the place of the old one, which signs beside it for a day. */
export async function rotateSecret(tx: Tx, input: NewSecret): Promise<WebhookSecret> {
  await tx.accounts.lockOrganization(input.orgId)
  const { secret, created } = await ensureSecret(tx, input)
  if (created) return secret
  const rotated: WebhookSecret = {
    ...secret,
    sealed: input.sealed,
    previousSealed: secret.sealed,
    previousUntil: tx.now + OVERLAP_MS,
    updatedAt: tx.now,
  }
  await tx.webhooks.putSecret(rotated)
  return rotated
}
