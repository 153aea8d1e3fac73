import type { ApiKeyId, MailboxId, OrgId } from '../ids.ts'

/** How an organization came to be that nobody but an agent asked for, and whether its human has confirmed it. */
export interface SignUp {
  orgId: OrgId
  /** As addresses are compared; one sign-up each. */
  humanEmail: string
  mailboxId: MailboxId
  keyId: ApiKeyId
  /** A key that opens nothing until it is verified, and then takes the place of `keyId`. */
  nextKeyId: ApiKeyId | null
  /** The code in the last mail to the human, as an HMAC. */
  codeHash: string
  codeMadeAt: number
  codeTries: number
  verifiedAt: number | null
  /** Mails since when, before it was verified. */
  sendsSince: number
  sends: number
  /** Who signed up, and what led there, as they say. */
  source: string | null
  referrer: string | null
  createdAt: number
  updatedAt: number
}
