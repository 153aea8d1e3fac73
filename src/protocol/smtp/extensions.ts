import type { SmtpReply } from './reply.ts'

/** What a server offers beyond the base protocol, from its EHLO reply (RFC 5321 §4.1.1.1). */
export interface SmtpExtensions {
  startTls: boolean
  pipelining: boolean
  eightBitMime: boolean
  smtpUtf8: boolean
  /** Largest message in octets (RFC 1870); null when SIZE is not offered or names no limit. */
  maxSizeBytes: number | null
  /** True when MAIL may say how large the message is. */
  size: boolean
  /** Mechanisms of AUTH (RFC 4954), upper case. */
  auth: readonly string[]
}

export function readExtensions({ lines }: SmtpReply): SmtpExtensions {
  const offered = new Map<string, string[]>()
  for (const line of lines.slice(1)) {
    // Some old servers write "AUTH=LOGIN".
    const [keyword = '', ...parameters] = line
      .trim()
      .toUpperCase()
      .split(/[\s=]+/)
    offered.set(keyword, [...(offered.get(keyword) ?? []), ...parameters])
  }
  const limit = Number(offered.get('SIZE')?.[0] ?? 0)
  return {
    startTls: offered.has('STARTTLS'),
    pipelining: offered.has('PIPELINING'),
    eightBitMime: offered.has('8BITMIME'),
    smtpUtf8: offered.has('SMTPUTF8'),
    maxSizeBytes: Number.isSafeInteger(limit) && limit > 0 ? limit : null,
    size: offered.has('SIZE'),
    auth: [...new Set(offered.get('AUTH') ?? [])],
  }
}

/** Those of a server that only knows HELO. */
export const noExtensions: SmtpExtensions = {
  startTls: false,
  pipelining: false,
  eightBitMime: false,
  smtpUtf8: false,
  maxSizeBytes: null,
  size: false,
  auth: [],
}
