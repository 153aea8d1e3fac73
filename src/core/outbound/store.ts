import type { Reach } from '../accounts/caller.ts'
import type { CapturedId, DeliveryId, MailboxId, MessageId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { LaneKey } from './lanes.ts'
import type { Attempt, Captured, Delivery, DeliveryStatus } from './model.ts'

export interface OutboundReader {
  get(id: DeliveryId): Promise<Delivery | undefined>
  /** In the order the recipients were given, attempts oldest first. */
  ofMessage(id: MessageId): Promise<Delivery[]>
  /** Newest first. */
  captured(reach: Reach, page: PageRequest): Promise<Page<Captured>>
  capturedById(reach: Reach, id: CapturedId): Promise<Captured | undefined>
  /**
   * The earliest time at which a delivery becomes due or a lease ends; undefined when nothing waits. Lanes in `except` are left out.
   */
  nextDue(except?: readonly LaneKey[]): Promise<number | undefined>
  /** What waits, soonest due first. */
  queue(page: PageRequest): Promise<Page<Delivery>>
  /** When the oldest of those that wait was made; undefined when nothing waits. */
  oldestWaiting(): Promise<number | undefined>
  /** How many deliveries wait, for the metrics. */
  depth(): Promise<number>
}

/** What became of one delivery in one attempt. */
export interface DeliveryOutcome {
  id: DeliveryId
  status: DeliveryStatus
  nextAttemptAt: number | null
  attempt: Attempt | null
}

export interface ClaimOptions {
  except?: readonly LaneKey[] | undefined
  queuedOnly?: boolean | undefined
}

export interface OutboundWriter extends OutboundReader {
  insert(deliveries: Delivery[]): Promise<void>
  /**
   * Takes up to `limit` due deliveries, oldest due first, and marks them `sending` until `leaseUntil`. Lanes in `except` are left
   * out, so that a destination that is busy does not stand before the others.
   * Two workers never get the same one. A `sending` delivery whose lease is over counts as due, unless only queued ones are asked
   * for.
   */
  claim(now: number, leaseUntil: number, limit: number, options?: ClaimOptions): Promise<Delivery[]>
  /** Moves the end of the lease of those that are still `sending`. */
  renew(ids: DeliveryId[], leaseUntil: number): Promise<void>
  /** Answers those that changed. With `unlessEnded`, what a peer has had its last word on stays as it is. */
  record(outcomes: DeliveryOutcome[], now: number, options?: { unlessEnded?: boolean }): Promise<DeliveryId[]>
  /** Gives claimed deliveries back untried. */
  release(ids: DeliveryId[]): Promise<void>
  /** Gives back whatever is claimed by anybody. */
  releaseAll(): Promise<void>
  /** Makes waiting deliveries due; answers how many of them waited. */
  hurry(ids: DeliveryId[], at: number): Promise<number>
  markDelayTold(ids: DeliveryId[], at: number): Promise<void>
  markFailureNotice(ids: DeliveryId[], notice: Delivery['failureNotice']): Promise<void>
  cancelOfMailbox(mailbox: MailboxId, now: number): Promise<void>
  insertCaptured(captured: Captured): Promise<void>
}
