import { Failure } from '../../core/errors.ts'
import type { GuardedFetch } from '../net/guarded-fetch.ts'
import type { FetchPolicy } from './sts-policies.ts'

/** RFC 8461 §3.3: a minute would do; mail waits for it. */
const TIMEOUT_MS = 10_000
const MAX_BYTES = 64 * 1024

/** Fetches policies over the guarded web: only 200, only text/plain, never from another place than the one that was asked. */
export function policyFetcher(web: Pick<GuardedFetch, 'fetch'>): FetchPolicy {
  return async (url) => {
    const { status, headers, body } = await web.fetch(url, {
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      excess: 'refuse',
      maxRedirects: 0,
    })
    const type = headers.get('content-type') ?? ''
    if (status !== 200) throw new Failure('fetch_failed', `The policy was answered with ${status}`)
    if (!/^text\/plain\s*(;|$)/i.test(type)) throw new Failure('fetch_failed', 'The policy is no plain text')
    return body.toString('utf8')
  }
}
