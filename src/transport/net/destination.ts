import { Failure } from '../../core/errors.ts'
import { type HostOptions, judgeHost } from './judge-host.ts'

const WEB_PORTS = new Set(['', '80', '443'])
/** Where a request could make something other than a web server act: SSH, mail, databases, caches. */
const OTHER_PROTOCOLS = new Set(
  [0, 22, 23, 25, 53, 110, 143, 465, 587, 993, 995, 3306, 5432, 6379, 11_211].map((port) => String(port)),
)

export interface DestinationOptions extends HostOptions {
  /** The ports of hosts that the operator did not open: those of the web, or all but those of other protocols. */
  ports?: 'web' | 'any'
}

/** Reads a URL that a customer gave us. Throws `url_blocked` for what we never ask whatever the DNS says. */
export function parseDestination(text: string): URL {
  // The URL parser drops these silently (WHATWG URL §4.4), which is not what the customer meant either.
  if (/\p{Cc}/u.test(text) || text !== text.trim()) throw blocked('The URL holds control characters or blanks')
  if (!URL.canParse(text)) throw blocked('This is not a URL')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw blocked('Only http and https URLs are fetched')
  if (url.username !== '' || url.password !== '') throw blocked('The URL must not hold a user or a password')
  if (url.hostname === '') throw blocked('The URL has no host')
  return url
}

/**
 * The addresses behind a URL, each of them judged: one that is not public and was not opened by the operator refuses the whole name.
 * The host is the one the URL parser made of it, so that no spelling of an address gets around.
 */
export async function judgeDestination(
  url: URL,
  { resolver, policy, ports = 'web' }: DestinationOptions,
): Promise<string[]> {
  const { addresses, opened } = await judgeHost(hostOf(url), { resolver, policy })
  if (opened) return addresses
  if (ports === 'web' && !WEB_PORTS.has(url.port)) throw blocked('The URL must use port 80 or 443')
  if (OTHER_PROTOCOLS.has(url.port)) throw blocked('The URL uses a port of another protocol')
  return addresses
}

function hostOf(url: URL): string {
  return url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}

function blocked(message: string): Failure {
  return new Failure('url_blocked', message)
}
