import { Failure } from '../errors.ts'
import type { OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'

/** A call that neither finished nor failed is dead after this: its process is gone. */
const RUNNING_MS = 60_000
/** How often a call that runs says so. */
export const RENEW_EVERY_MS = 20_000
const KEPT_MS = 24 * 3_600_000

/**
 * Claims a key for the call that is about to run. `replayed` holds the first answer when the same call was made before;
 * another call under the same key is a `conflict`, one that still runs is `in_progress`.
 */
export async function beginIdempotent(
  tx: Tx,
  input: { orgId: OrgId; key: string; fingerprint: string },
): Promise<{ replayed: unknown }> {
  await tx.accounts.lockOrganization(input.orgId)
  const first = await tx.idempotency.get(input.orgId, input.key)
  if (!first || first.expiresAt <= tx.now) {
    await tx.idempotency.put({ ...input, result: null, createdAt: tx.now, expiresAt: tx.now + RUNNING_MS })
    return { replayed: null }
  }
  if (first.fingerprint !== input.fingerprint) {
    throw new Failure('conflict', 'This idempotency key was used for another request')
  }
  if (first.result === null) {
    throw new Failure('in_progress', 'The first request with this idempotency key is still running', {
      retryAfterSeconds: 1,
    })
  }
  return { replayed: first.result }
}

/** Keeps the answer, in the transaction of what it answers for. */
export async function finishIdempotent(tx: Tx, orgId: OrgId, key: string, result: unknown): Promise<void> {
  const running = await tx.idempotency.get(orgId, key)
  if (running) await tx.idempotency.put({ ...running, result, expiresAt: tx.now + KEPT_MS })
}

/** The call still runs. */
export async function renewIdempotent(tx: Tx, input: { orgId: OrgId; key: string }): Promise<void> {
  const record = await tx.idempotency.get(input.orgId, input.key)
  if (record && record.result === null) await tx.idempotency.put({ ...record, expiresAt: tx.now + RUNNING_MS })
}

/** Frees the key of a call that failed, so that it can be made again. */
export async function forgetIdempotent(tx: Tx, input: { orgId: OrgId; key: string }): Promise<void> {
  const record = await tx.idempotency.get(input.orgId, input.key)
  if (record && record.result === null) await tx.idempotency.delete(input.orgId, input.key)
}

/** Drops what nobody may ask for any more. */
export async function sweepIdempotent(tx: Tx, _input: Record<string, never>): Promise<number> {
  return tx.idempotency.sweep(tx.now)
}
