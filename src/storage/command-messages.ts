import { Failure, type FailureCode, type Issue } from '../core/errors.ts'

/** What crosses to a thread: commands by name, in the order they came. */
export interface CommandRequest {
  id: number
  name: string
  input: unknown
  now: number
}

/** What comes back when some are done: after each commit, from a thread that writes. */
export interface CommandReply {
  results: CommandResult[]
  /** True when they added to the event log. */
  appended: boolean
}

export type CommandResult = { id: number; value: unknown } | { id: number; error: ErrorData }

/** An error as data: a structured clone keeps neither its class nor its own fields. */
export type ErrorData =
  | {
      failure: true
      code: FailureCode
      message: string
      issues: Issue[]
      retryAfterSeconds: number | undefined
      permission: string | undefined
      reason: Failure['reason']
      rate: Failure['rate']
      cause: string | undefined
    }
  | { failure: false; name: string; message: string; stack: string | undefined }

export function toErrorData(error: unknown): ErrorData {
  if (error instanceof Failure) {
    const { code, message, issues, retryAfterSeconds, permission, reason, rate } = error
    const cause = error.cause === undefined ? undefined : messageOf(error.cause)
    return { failure: true, code, message, issues, retryAfterSeconds, permission, reason, rate, cause }
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  return { failure: false, name, message, stack }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

export function fromErrorData(data: ErrorData): Error {
  if (data.failure) {
    const { issues, retryAfterSeconds, permission, reason, rate, cause } = data
    return new Failure(data.code, data.message, {
      issues,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(permission === undefined ? {} : { permission }),
      ...(reason === undefined ? {} : { reason }),
      ...(rate === undefined ? {} : { rate }),
      // As an error: a log shows nothing else as a cause.
      ...(cause === undefined ? {} : { cause: new Error(cause) }),
    })
  }
  const error = new Error(data.message)
  error.name = data.name
  if (data.stack !== undefined) error.stack = data.stack
  return error
}
