import type { FailureCode } from './errors.ts'

/** What each refusal of the product is in SMTP (RFC 5321 §4.2.2, RFC 3463), for every way in that must be able to say it. */
export const smtpCodes = {
  not_found: [550, '5.1.1', 'No such mailbox here'],
  relay_denied: [550, '5.7.1', 'We do not relay'],
  disabled: [550, '5.2.1', 'This mailbox takes no mail'],
  too_large: [552, '5.3.4', 'The message is too large'],
  loop: [554, '5.4.6', 'Too many hops: the mail goes round in circles'],
  limit_reached: [452, '4.2.2', 'The mailbox is full'],
  rate_limited: [451, '4.7.1', 'Too much mail: try again later'],
  rejected: [550, '5.7.1', 'Refused by the policy of the recipient'],
  forbidden: [550, '5.7.1', 'Not allowed'],
  unauthenticated: [530, '5.7.0', 'Authentication required'],
  escalation: [550, '5.7.1', 'Not allowed'],
  domain_not_verified: [550, '5.7.1', 'The domain is not verified'],
  invalid: [554, '5.6.0', 'The message breaks a rule'],
  unprocessable: [554, '5.6.0', 'The message cannot be processed'],
  taken: [554, '5.5.0', 'The name is in use'],
  conflict: [554, '5.5.0', 'This contradicts an earlier request'],
  in_use: [554, '5.5.0', 'Something still needs it'],
  in_progress: [451, '4.5.0', 'The same request is still running'],
  fetch_failed: [451, '4.4.0', 'Another server does not answer'],
  url_blocked: [554, '5.7.1', 'Not allowed'],
  link_expired: [554, '5.7.1', 'Not allowed'],
  link_invalid: [554, '5.7.1', 'Not allowed'],
  unavailable: [451, '4.3.0', 'Try again later'],
} satisfies Record<FailureCode, [replyCode: number, enhancedCode: string, text: string]>
