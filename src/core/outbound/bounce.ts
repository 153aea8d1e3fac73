import type { Reason } from '../../protocol/dsn/reason.ts'
import { statusFromReplyCode } from '../../protocol/dsn/status-code.ts'
import { judge } from '../../protocol/dsn/verdict.ts'
import type { Attempt } from './model.ts'

/** What a failure means for the sender, in the words that mail services use for it. */
export interface Bounce {
  /** `Transient`: the same mail may get through another time. */
  bounceType: 'Permanent' | 'Transient'
  subType: 'General' | 'NoEmail' | 'MailboxFull' | 'MessageTooLarge' | 'ContentRejected'
  /** Enhanced status code (RFC 3463). */
  status: string
  /** The address is dead: writing to it again does harm. */
  hard: boolean
}

const subTypes: Partial<Record<Reason, Bounce['subType']>> = {
  user_unknown: 'NoEmail',
  host_unknown: 'NoEmail',
  moved: 'NoEmail',
  no_mail_service: 'NoEmail',
  mailbox_full: 'MailboxFull',
  message_too_large: 'MessageTooLarge',
  content: 'ContentRejected',
  spam: 'ContentRejected',
  virus: 'ContentRejected',
}

/** What a failure comes to, from its reason and status as `judge` finds them. */
export function bounceOf({ reason, status, hard }: { reason: Reason; status: string | null; hard: boolean }): Bounce {
  const permanent = hard || (status?.[0] === '5' && reason !== 'mailbox_full')
  return {
    bounceType: permanent ? 'Permanent' : 'Transient',
    subType: subTypes[reason] ?? 'General',
    status: status ?? '5.0.0',
    hard,
  }
}

/** What the last attempt of a failed delivery comes to. A delivery that was given up while the peer said "later" has expired. */
export function bounceOfAttempt(attempt: Attempt | undefined): Bounce {
  const code = attempt?.replyCode ? String(attempt.replyCode) : null
  const status = attempt?.enhancedCode ?? (code && statusFromReplyCode(code))
  if (!attempt || status?.[0] !== '5') {
    return { bounceType: 'Transient', subType: 'General', status: '4.4.7', hard: false }
  }
  const diagnostic = [code, attempt.enhancedCode, attempt.text].filter(Boolean).join(' ')
  return bounceOf(judge({ address: null, action: 'failed', status, diagnostic, about: '', notice: '' }))
}
