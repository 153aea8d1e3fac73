/** One mail exchanger of a name (RFC 5321 §5.1); a null MX (RFC 7505) has an empty `exchange`. */
export interface MxRecord {
  exchange: string
  priority: number
}

/**
 * What mail asks of the DNS. Names go in as ASCII without a trailing dot and come back the same way.
 * A name that does not exist, or has no record of the type, throws `DnsError`; an empty list is never returned.
 */
export interface Resolver {
  /** Each record as its list of strings: joined without a blank (RFC 7208 §3.3, RFC 6376 §3.6.2.2). Bytes are latin1. */
  txt(name: string): Promise<string[][]>
  a(name: string): Promise<string[]>
  aaaa(name: string): Promise<string[]>
  mx(name: string): Promise<MxRecord[]>
  /** What the name is another name for. */
  cname(name: string): Promise<string[]>
  /** The names an address points back to, asked by its `in-addr.arpa` or `ip6.arpa` name being worked out by the resolver. */
  ptr(address: string): Promise<string[]>
}

/** `nxdomain`: the name is not there. `nodata`: no record of this type. `timeout` and `servfail`: nobody knows right now. */
export type DnsErrorCode = 'nxdomain' | 'nodata' | 'timeout' | 'servfail'

/** A question to the DNS without an answer. */
export class DnsError extends Error {
  override name = 'DnsError'
  readonly code: DnsErrorCode
  constructor(code: DnsErrorCode, question: string) {
    super(`${code}: ${question}`)
    this.code = code
  }
  /** True when asking again later may succeed. */
  get temporary(): boolean {
    return this.code === 'timeout' || this.code === 'servfail'
  }
}

/** True for the two errors that say "there is no such record", the void lookups of RFC 7208 §4.6.4. */
export function isVoid(error: unknown): boolean {
  return error instanceof DnsError && !error.temporary
}
