import { ImapError } from '../../core/imap-sources/imap-client.ts'
import type { FetchProblem } from '../../core/imap-sources/model.ts'
import type { SessionGuard } from './guard.ts'

/** What was going on: the same refusal means something else in another. */
export type Phase = 'connect' | 'folder' | 'session'

/** What imapflow and the socket put on their errors. Nothing of the server's own text is looked at. */
interface Failed {
  code?: unknown
  message?: unknown
  authenticationFailed?: unknown
  serverResponseCode?: unknown
  tlsFailed?: unknown
  responseStatus?: unknown
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'CONNECT_TIMEOUT',
  'GREETING_TIMEOUT',
])
const CERTIFICATE = /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|INVALID_CA)/
/** RFC 5530 §3: the server cannot say whether the password is right. */
const NOT_NOW = new Set(['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG'])

/** Puts an error of the library into a category of ours. */
export function toImapError(error: unknown, phase: Phase, guard: SessionGuard, signal: AbortSignal): ImapError {
  if (error instanceof ImapError) return error
  const failed = (typeof error === 'object' && error !== null ? error : {}) as Failed
  if (guard.tripped) return new ImapError('protocol', guard.tripped)
  if (signal.aborted) return new ImapError(phase === 'connect' ? 'connect_timeout' : 'protocol', 'out of time')
  return new ImapError(problemOf(failed, phase), `${phase}: ${wordOf(failed)}`)
}

function problemOf(failed: Failed, phase: Phase): FetchProblem {
  const code = String(failed.code ?? '')
  if (failed.authenticationFailed) return NOT_NOW.has(String(failed.serverResponseCode)) ? 'protocol' : 'auth'
  if (failed.tlsFailed || CERTIFICATE.test(code) || /before secure TLS/.test(String(failed.message))) return 'tls'
  if (phase === 'connect' && UNREACHABLE.has(code)) return 'connect_timeout'
  if (phase === 'folder' && failed.responseStatus === 'NO') return 'folder_not_found'
  return 'protocol'
}

/** A name that is safe to log. */
function wordOf({ code, responseStatus }: Failed): string {
  const word = String(code ?? responseStatus ?? 'failed')
  return /^\w{1,64}$/.test(word) ? word : 'failed'
}
