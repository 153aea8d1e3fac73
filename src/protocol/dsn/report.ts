import type { Reason } from './reason.ts'

/** What one recipient of the original message met with. */
export interface ReportedRecipient {
  /** The mailbox that was tried last (RFC 3464 §2.3.2); null when the report hides it. */
  address: string | null
  /** Where the address led, when the report names another one. */
  alias: string | null
  /** The address as the sender wrote it (RFC 3464 §2.3.1), when the report tells. */
  originalRecipient: string | null
  action: string | null
  /** Enhanced status code (RFC 3463). */
  status: string | null
  /** True when the mail holds no such code and only the class of `status` means something. */
  pseudoStatus: boolean
  replyCode: string | null
  reason: Reason
  /** The address will never take mail: unknown mailbox or domain. Only this may suppress. */
  hard: boolean
  diagnostic: string | null
  remoteMta: string | null
  /** Feedback-Type of a complaint (RFC 5965 §3.1). */
  feedbackType?: string
}

export interface Report {
  kind: 'bounce' | 'complaint' | 'delivered' | 'delayed' | 'auto_reply'
  /** The mail holds a part meant for programs (RFC 3464, 5965, 6533). */
  hasReport: boolean
  recipients: ReportedRecipient[]
  /** Message-ID of the mail reported on, brackets included. */
  originalMessageId: string | null
  originalEnvelopeId: string | null
  originalHeaders: string | null
}
