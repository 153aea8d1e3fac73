/** Why something was refused. Every edge translates each of these in one table, so a new code does not compile until all have an answer. */
export type FailureCode =
  /** The input breaks a rule; `issues` names the places. */
  | 'invalid'
  | 'unauthenticated'
  /** The caller may not do this at all. */
  | 'forbidden'
  /** A key tried to make a stronger key. */
  | 'escalation'
  /** A limit of the organization is reached. */
  | 'limit_reached'
  | 'domain_not_verified'
  /** Policy says no: suppressed or blocked recipient, organization suspended. */
  | 'rejected'
  /** Not there, or not visible to this caller: the two must look the same. */
  | 'not_found'
  /** The name is in use, by anybody. */
  | 'taken'
  /** The request contradicts an earlier one. */
  | 'conflict'
  /** The first request with this idempotency key is still running. */
  | 'in_progress'
  /** Something else still needs it. */
  | 'in_use'
  | 'too_large'
  /** Well formed but impossible. */
  | 'unprocessable'
  /** A URL could not be fetched. */
  | 'fetch_failed'
  /** A URL that we never ask: scheme, user info, private address. */
  | 'url_blocked'
  | 'rate_limited'
  /** A signed link whose time is over. */
  | 'link_expired'
  /** A signed link that was altered. */
  | 'link_invalid'
  /** The mailbox exists but takes no mail (RFC 3463 X.2.1). */
  | 'disabled'
  /** The address is not ours, and the sender may not use us as a relay. */
  | 'relay_denied'
  /** The mail goes round in circles (RFC 5321 §6.3). */
  | 'loop'
  /** A store or a peer does not answer now; nothing was kept. */
  | 'unavailable'

/** One broken rule: where (`to.0`, `headers.X-Y` as path segments) and what. */
export interface Issue {
  path: (string | number)[]
  message: string
}

/**
 * What it was exactly, for dialects that have a word for it. `unrestricted`: a key with a white list tried to make one without.
 * `range_too_wide`: more was asked for at once than is answered. `no_recipients`: a message to nobody.
 */
export type FailureReason = 'unrestricted' | 'range_too_wide' | 'no_recipients'

export interface FailureDetails {
  issues?: Issue[]
  retryAfterSeconds?: number
  /** For `rate_limited`: how many are allowed, and when (epoch ms) there is room again. */
  rate?: { limit: number; resetAt: number }
  /** The permission that was missing, for `forbidden`. */
  permission?: string
  reason?: FailureReason
  cause?: unknown
}

/** A refusal that we expect. `message` is safe to show: no keys, addresses of peers, SQL or upstream text. */
export class Failure extends Error {
  override name = 'Failure'
  readonly code: FailureCode
  readonly issues: Issue[]
  readonly retryAfterSeconds: number | undefined
  readonly permission: string | undefined
  readonly reason: FailureReason | undefined
  readonly rate: { limit: number; resetAt: number } | undefined

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.issues = details.issues ?? []
    this.retryAfterSeconds = details.retryAfterSeconds
    this.permission = details.permission
    this.reason = details.reason
    this.rate = details.rate
  }
}

/** True when certainly nothing was written. A store that did not answer may have written all of it. */
export function isCertain(error: unknown): boolean {
  return error instanceof Failure && error.code !== 'unavailable'
}

/** A refusal of one field. */
export function invalid(path: string | (string | number)[], message: string): Failure {
  const segments = typeof path === 'string' ? [path] : path
  return new Failure('invalid', `${segments.join('.')}: ${message}`, { issues: [{ path: segments, message }] })
}

/** The one answer for things that do not exist and things that belong to somebody else. */
export function notFound(what: string): Failure {
  return new Failure('not_found', `No such ${what}`)
}
