import { Failure, notFound } from '../errors.ts'
import type { OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { canonicalOf } from './check.ts'
import type { Suppression } from './model.ts'

/** From this commit on nothing is sent to the address; answers what holds, which may be an older suppression. */
export async function addSuppression(tx: Tx, input: Omit<Suppression, 'createdAt'>): Promise<Suppression> {
  await tx.suppressions.add({ ...input, createdAt: tx.now })
  const [held] = await tx.suppressions.among(input.orgId, [input.address])
  return held ?? { ...input, createdAt: tx.now }
}

/** Lets mail to the address go out again. What a bounce or a complaint made only an operator undoes. */
export async function removeSuppression(
  tx: Tx,
  input: { orgId: OrgId; address: string; byOperator: boolean },
): Promise<void> {
  const [held] = await tx.suppressions.among(input.orgId, [input.address])
  if (!held) throw notFound('suppression')
  if (held.reason !== 'manual' && !input.byOperator) {
    throw new Failure('forbidden', 'This entry was made by a bounce or a complaint')
  }
  await tx.suppressions.remove(input.orgId, input.address)
}

/** Refuses a message that would go to an address we have stopped writing to. */
export async function refuseSuppressed(tx: Tx, org: OrgId, recipients: readonly string[]): Promise<void> {
  const canonical = new Map(recipients.map((address) => [canonicalOf(address), address]))
  const [held] = await tx.suppressions.among(org, [...canonical.keys()])
  if (held) throw new Failure('rejected', `${canonical.get(held.address)} is suppressed: ${held.reason}`)
}
