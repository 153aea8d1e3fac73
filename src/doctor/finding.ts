/** `fail`: mail is lost, refused or not believed because of it. `warn`: it works, or will until something else happens. */
export type Status = 'ok' | 'warn' | 'fail'

/** What one look at the installation found. */
export interface Finding {
  check: string
  status: Status
  message: string
  /** What to do about it; null when nothing needs to be done. */
  advice: string | null
}

export type Check = () => Promise<Finding[]>

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message, advice: null }
}

export function warn(check: string, message: string, advice: string): Finding {
  return { check, status: 'warn', message, advice }
}

export function fail(check: string, message: string, advice: string): Finding {
  return { check, status: 'fail', message, advice }
}

/** The first line of what went wrong, with its cause, which a refusal keeps from its callers. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`.split('\n')[0] ?? ''
}
