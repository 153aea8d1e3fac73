import { Failure, type FailureCode } from '../core/errors.ts'

/** What HTTP itself refuses, before anybody in core is asked. */
export type HttpRefusalCode =
  /** Nothing in the request says who is asking. */
  | 'no_credentials'
  | 'no_route'
  | 'method_not_allowed'
  | 'unsupported_media_type'
  /** A bug; what happened stands in the log only. */
  | 'internal'

export class HttpRefusal extends Error {
  override name = 'HttpRefusal'
  readonly code: HttpRefusalCode
  /** For `method_not_allowed`: what is allowed here. */
  readonly allow: readonly string[]

  constructor(code: HttpRefusalCode, message: string, allow: readonly string[] = []) {
    super(message)
    this.code = code
    this.allow = allow
  }
}

/** Everything a dialect must have an answer for. */
export type Refusal = Failure | HttpRefusal
export type RefusalCode = FailureCode | HttpRefusalCode

/** A dialect's answer to a refusal. */
export interface RefusalReply {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** The header fields that a refusal has in every dialect (RFC 9110 §10.2.1, §10.2.3). */
export function refusalHeaders(refusal: Refusal): Record<string, string> {
  if (refusal instanceof HttpRefusal) {
    return refusal.allow.length > 0 ? { allow: refusal.allow.join(', ') } : {}
  }
  const { retryAfterSeconds, rate } = refusal
  return {
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(rate === undefined
      ? {}
      : {
          'x-ratelimit-limit': String(rate.limit),
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(Math.ceil(rate.resetAt / 1000)),
        }),
  }
}

/** Takes a thrown thing for a refusal, or for the bug that it is. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Failure || error instanceof HttpRefusal) return error
  return new HttpRefusal('internal', 'Something went wrong on our side')
}
