import { getDomain, parse } from 'tldts'
import { isVoid, type Resolver } from '../dns/resolver.ts'
import { type DmarcRecord, parseDmarcRecord } from './record.ts'

/** A policy record and the domain it was published for, `_dmarc.` left out. */
export interface Found {
  domain: string
  record: DmarcRecord
}

/** The DNS tree walk of RFC 9989 §4.10. Each name is asked for once in a check; a server that fails throws its `DnsError`. */
export interface TreeWalk {
  /** Records from the domain upwards, longest name first. */
  walk(domain: string): Promise<Found[]>
}

export function startTreeWalk(resolver: Resolver): TreeWalk {
  const asked = new Map<string, Promise<DmarcRecord | null>>()
  const recordOf = (domain: string) => {
    const known = asked.get(domain) ?? findRecord(resolver, domain)
    asked.set(domain, known)
    return known
  }
  return {
    async walk(domain) {
      const found: Found[] = []
      for (const name of walkNames(domain)) {
        const record = await recordOf(name)
        if (record) found.push({ domain: name, record })
        if (record && record.psd !== 'u') break
      }
      return found
    },
  }
}

const MAX_STEPS = 8

/** The domain, then its parents; of a long one only the last seven labels and up, so that eight names are asked for at most. */
export function walkNames(domain: string): string[] {
  const labels = domain.split('.')
  const from = Math.max(1, labels.length - MAX_STEPS + 1)
  return [domain, ...labels.slice(from).map((_, i) => labels.slice(from + i).join('.'))]
}

/** RFC 9989 §4.10 step 2: of several policy records at one name none counts. */
async function findRecord(resolver: Resolver, domain: string): Promise<DmarcRecord | null> {
  const name = `_dmarc.${domain}`
  // A name too long to be asked for has no record.
  if (name.length > 253) return null
  const [record, second] = (await textsOf(resolver, name)).map(parseDmarcRecord).filter((r) => r !== null)
  if (!record || second) return null
  // The registries that publish without `psd=y` would make one organization of all their customers.
  return record.psd === 'u' && isRegistry(domain) ? { ...record, psd: 'y' } : record
}

function isRegistry(domain: string): boolean {
  const { publicSuffix, isIcann } = parse(domain)
  return isIcann === true && publicSuffix === domain
}

async function textsOf(resolver: Resolver, name: string): Promise<string[]> {
  try {
    return (await resolver.txt(name)).map((strings) => strings.join(''))
  } catch (error) {
    if (isVoid(error)) return []
    throw error
  }
}

/**
 * The organizational domain of the domain a walk started at (RFC 9989 §4.10.2). Without any record the public suffix list
 * decides (RFC 7489 §3.2).
 */
export function organizationalDomain(domain: string, found: readonly Found[]): string {
  for (const { domain: name, record } of found) {
    if (record.psd === 'n') return name
    if (record.psd === 'y' && name !== domain) return childOf(name, domain)
  }
  return found.at(-1)?.domain ?? getDomain(domain) ?? domain
}

/** The name one label below `ancestor` on the way to `domain`. */
function childOf(ancestor: string, domain: string): string {
  const labels = domain.split('.')
  return labels.slice(-ancestor.split('.').length - 1).join('.')
}
