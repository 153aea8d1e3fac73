import type { DeliveryId, OrgId } from '../ids.ts'

/** `hard_bounce`: the address takes no mail, its own server said so. `complaint`: its reader called a mail of ours spam. */
export type SuppressionReason = 'hard_bounce' | 'complaint' | 'manual'

/** An address that an organization has stopped writing to. */
export interface Suppression {
  orgId: OrgId
  /** In its canonical spelling. */
  address: string
  reason: SuppressionReason
  /** The delivery that taught us; null for one that a person made. */
  deliveryId: DeliveryId | null
  createdAt: number
}
