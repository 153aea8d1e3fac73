import { Failure } from '../errors.ts'
import type { OrgId } from '../ids.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import type { Tx } from '../store.ts'

const DAY_MS = 24 * 3_600_000
const SENDS_A_DAY = 10

/** Until its human has verified it, an organization writes to that human only, and ten mails a day. */
export async function keepTrial(tx: Tx, orgId: OrgId, recipients: readonly string[]): Promise<void> {
  await tx.hold(`trial ${orgId}`)
  const signUp = await tx.signUps.get(orgId)
  if (!signUp || signUp.verifiedAt !== null) return
  if (recipients.some((address) => canonicalOrNone(address) !== signUp.humanEmail)) {
    throw new Failure('rejected', 'Until it is verified this organization may write to its human only')
  }
  const over = tx.now - signUp.sendsSince >= DAY_MS
  const { sendsSince, sends } = over ? { sendsSince: tx.now, sends: 0 } : signUp
  if (sends >= SENDS_A_DAY) {
    const resetAt = sendsSince + DAY_MS
    throw new Failure('rate_limited', `Until it is verified this organization may send ${SENDS_A_DAY} mails a day`, {
      retryAfterSeconds: Math.ceil((resetAt - tx.now) / 1000),
      rate: { limit: SENDS_A_DAY, resetAt },
    })
  }
  await tx.signUps.put({ ...signUp, sendsSince, sends: sends + 1, updatedAt: tx.now })
}
