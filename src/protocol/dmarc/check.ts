import { isWithin, toAsciiDomain } from '../dns/domain-name.ts'
import { DnsError, type Resolver } from '../dns/resolver.ts'
import type { DmarcPolicy, DmarcRecord } from './record.ts'
import { type Found, organizationalDomain, startTreeWalk, type TreeWalk } from './tree-walk.ts'

/** What an authentication method found, and the domain it speaks of. */
export interface AuthenticatedDomain {
  result: string
  domain: string
}

export interface DmarcInput {
  /** The domain of every address in every From field, in Unicode or A-labels. */
  fromDomains: readonly string[]
  spf: AuthenticatedDomain
  dkim: readonly AuthenticatedDomain[]
  resolver: Resolver
}

export interface DmarcResult {
  result: 'none' | 'pass' | 'fail' | 'temperror' | 'permerror'
  /** What the owner of the domain asks for mail that fails; null where no policy applies. */
  policy: DmarcPolicy | null
  /** The author domain, in A-labels. */
  domain: string | null
  organizationalDomain: string | null
  alignedSpf: boolean
  alignedDkim: boolean
}

// More signatures than any honest mail has; each may cost a walk.
const MAX_SIGNATURES = 50

const NOTHING = {
  policy: null,
  domain: null,
  organizationalDomain: null,
  alignedSpf: false,
  alignedDkim: false,
} as const

/** Whether an authenticated domain stands for the author domain (RFC 9989 §5.3). Never throws for what the DNS says. */
export async function checkDmarc(input: DmarcInput): Promise<DmarcResult> {
  const domain = authorDomain(input.fromDomains)
  if (domain === null) return { ...NOTHING, result: 'permerror' }
  try {
    return await evaluate(input, domain)
  } catch (error) {
    if (error instanceof DnsError) return { ...NOTHING, domain, result: 'temperror' }
    throw error
  }
}

/**
 * The one domain all authors share. RFC 9989 §5.3.1 leaves mail without a domain, or with several, outside of DMARC; since a reader
 * may be shown any of them, no domain may speak for the rest: this is an error, never a pass.
 */
function authorDomain(fromDomains: readonly string[]): string | null {
  const [first, ...others] = fromDomains
  const domain = toAsciiDomain(first ?? '')
  return others.every((other) => toAsciiDomain(other) === domain) ? domain : null
}

async function evaluate(input: DmarcInput, domain: string): Promise<DmarcResult> {
  const tree = startTreeWalk(input.resolver)
  const found = await tree.walk(domain)
  const organization = organizationalDomain(domain, found)
  const applied = policyRecord(domain, organization, found)
  const known = { domain, organizationalDomain: organization }
  if (!applied?.record.usable) return { ...NOTHING, ...known, result: 'none' }
  const author: Author = { domain, organization, tree }
  const spf = await align(author, [input.spf], applied.record.strictSpf)
  const dkim = await align(author, input.dkim.slice(0, MAX_SIGNATURES), applied.record.strictDkim)
  const aligned = { alignedSpf: spf.pass, alignedDkim: dkim.pass }
  // RFC 7489 §6.6.2: while an aligned method may still pass there is no failure, and no policy to apply.
  const open = !spf.pass && !dkim.pass && (spf.undecided || dkim.undecided)
  if (open) return { ...known, ...aligned, result: 'temperror', policy: null }
  const policy = await requestedPolicy(input.resolver, domain, applied)
  return { ...known, ...aligned, result: spf.pass || dkim.pass ? 'pass' : 'fail', policy }
}

/** RFC 9989 §4.10.1: the record of the author domain, else of its organization, else of the public suffix above that. */
function policyRecord(domain: string, organization: string, found: readonly Found[]): Found | undefined {
  const at = (name: string) => found.find((f) => f.domain === name)
  return at(domain) ?? at(organization) ?? found.find((f) => f.record.psd === 'y')
}

interface Author {
  domain: string
  organization: string
  tree: TreeWalk
}

/** What the aligned identifiers of one method say: one passed; or none did, but one of them nobody can tell right now. */
async function align(author: Author, identifiers: readonly AuthenticatedDomain[], strict: boolean) {
  let undecided = false
  for (const { result, domain } of identifiers) {
    if (result !== 'pass' && result !== 'temperror') continue
    const aligned = await isAligned(author, toAsciiDomain(domain), strict)
    if (aligned && result === 'pass') return { pass: true, undecided: false }
    undecided ||= aligned !== false
  }
  return { pass: false, undecided }
}

/** RFC 9989 §4.4: the same domain, or when relaxed the same organization; null when the DNS does not say. */
async function isAligned(author: Author, identifier: string | null, strict: boolean): Promise<boolean | null> {
  if (identifier === null || strict) return identifier === author.domain
  if (identifier === author.domain) return true
  // Only names within the organization can have it as theirs: others, which anybody may sign with, are not worth a question.
  if (!isWithin(identifier, author.organization)) return false
  try {
    return organizationalDomain(identifier, await author.tree.walk(identifier)) === author.organization
  } catch (error) {
    if (error instanceof DnsError) return null
    throw error
  }
}

const BELOW = { reject: 'quarantine', quarantine: 'none', none: 'none' } as const

async function requestedPolicy(
  resolver: Resolver,
  domain: string,
  { domain: publisher, record }: Found,
): Promise<DmarcPolicy> {
  const policy = publisher === domain ? record.p : await subdomainPolicy(resolver, domain, record)
  return record.testing ? BELOW[policy] : policy
}

/** `np` instead of `sp` for a name that does not exist at all (RFC 9989 §3.2); a name nobody can tell of exists. */
async function subdomainPolicy(resolver: Resolver, domain: string, record: DmarcRecord): Promise<DmarcPolicy> {
  if (record.np === record.sp) return record.sp
  try {
    await resolver.a(domain)
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    if (error.code === 'nxdomain') return record.np
  }
  return record.sp
}
