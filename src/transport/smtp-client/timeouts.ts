import type { SmtpStage } from './smtp-error.ts'

export type SmtpTimeouts = Record<SmtpStage, number>

const SECOND_MS = 1000

/**
 * How long each answer is waited for. RFC 5321 §4.5.3.2 asks for minutes; servers that live answer within these. The last one is
 * the standard's: whoever gives up before the server does sends the message twice.
 */
export const defaultTimeouts: SmtpTimeouts = {
  connect: 20 * SECOND_MS,
  greeting: 60 * SECOND_MS,
  EHLO: 60 * SECOND_MS,
  STARTTLS: 30 * SECOND_MS,
  'TLS handshake': 30 * SECOND_MS,
  AUTH: 60 * SECOND_MS,
  MAIL: 60 * SECOND_MS,
  RCPT: 60 * SECOND_MS,
  DATA: 60 * SECOND_MS,
  message: 60 * SECOND_MS,
  'end of data': 600 * SECOND_MS,
  RSET: 20 * SECOND_MS,
}

/** All the same: for tests. */
export function sameTimeouts(ms: number): SmtpTimeouts {
  return Object.fromEntries(Object.keys(defaultTimeouts).map((stage) => [stage, ms])) as SmtpTimeouts
}
