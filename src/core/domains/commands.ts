import { checkProject } from '../accounts/check-project.ts'
import { Failure, notFound } from '../errors.ts'
import type { DomainId, OrgId, ProjectId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { addFirstDkimKeys, type NewDkimKey } from './dkim-keys/commands.ts'
import type { Domain, RecordState } from './model.ts'

/** How often records are looked up again without anybody asking. */
const RECHECK_EVERY_MS = 24 * 3_600_000
/** How long a verified domain may lack a record before it is verified no more. */
const GRACE_MS = 72 * 3_600_000

export interface NewDomain {
  id: DomainId
  orgId: OrgId
  projectId: ProjectId
  name: string
  /** Null: as it is, or true for a new one. */
  feedbackEnabled: boolean | null
  subdomainsEnabled?: boolean
  trackingEnabled?: boolean
  keys: NewDkimKey[]
}

/** Claims a name for an organization, with the keys that will sign its mail; a claim that is there is answered as it is. */
export async function createDomain(tx: Tx, input: NewDomain): Promise<{ domain: Domain; created: boolean }> {
  const { orgId, name } = input
  await tx.accounts.lockOrganization(orgId)
  const own = await tx.domains.own(orgId, name)
  if (own) return { domain: sameAs(own, input), created: false }
  if (await isVerifiedElsewhere(tx, orgId, name)) throw takenDomain()
  await checkLimit(tx, orgId)
  await checkProject(tx, input)
  const domain = toDomain(input, tx.now)
  await tx.domains.insert(domain)
  await addFirstDkimKeys(tx, { domainId: domain.id, keys: input.keys })
  await tell(tx, domain, orgId, 'domain.created')
  return { domain, created: true }
}

/** The domain that is there, unless something else was asked for. */
export function sameAs(own: Domain, { feedbackEnabled }: Pick<NewDomain, 'feedbackEnabled'>): Domain {
  if (feedbackEnabled === null || feedbackEnabled === own.feedbackEnabled) return own
  throw new Failure('conflict', 'This domain is here already, with another feedback_enabled')
}

export function takenDomain(): Failure {
  return new Failure('taken', 'This domain belongs to another organization')
}

// Two claims to one name are verified one after the other, so the second sees the first.
async function isVerifiedElsewhere(tx: Tx, orgId: OrgId, name: string): Promise<boolean> {
  await tx.hold(`domain ${name}`)
  const claims = await tx.domains.byName(name)
  return claims.some((other) => other.orgId !== orgId && other.status === 'verified')
}

async function checkLimit(tx: Tx, orgId: OrgId): Promise<void> {
  const organization = await tx.accounts.organization(orgId)
  if (!organization) throw notFound('organization')
  refuseOverLimit(organization.domainLimit, (await tx.accounts.usage(orgId)).domains)
}

/** Refuses one more. */
export function refuseOverLimit(limit: number | null, domains: number): void {
  if (limit !== null && domains >= limit) throw new Failure('limit_reached', `The limit of ${limit} domains is reached`)
}

function toDomain(input: NewDomain, now: number): Domain {
  const { id, orgId, projectId, name, feedbackEnabled, subdomainsEnabled = false, trackingEnabled = false } = input
  return {
    ...{ subdomainsEnabled, trackingEnabled },
    ...{ id, orgId, projectId, name, status: 'pending', feedbackEnabled: feedbackEnabled ?? true, states: {} },
    ...{ checkedAt: null, recheckAt: now + RECHECK_EVERY_MS, failingSince: null },
    ...{ createdAt: now, updatedAt: now },
  }
}

export type DomainChange = Partial<Pick<Domain, 'feedbackEnabled' | 'subdomainsEnabled' | 'trackingEnabled'>>

/** Switches what a domain is good for. Names below it need a record that was not asked for before: the DNS has to show it first. */
export async function updateDomain(
  tx: Tx,
  input: { orgId: OrgId; name: string; change: DomainChange },
): Promise<Domain> {
  const domain = await holdOwn(tx, input)
  const opened = input.change.subdomainsEnabled === true && !domain.subdomainsEnabled
  const status = opened && domain.status === 'verified' ? 'pending' : domain.status
  const changed: Domain = { ...domain, ...input.change, status, updatedAt: tx.now }
  await tx.domains.update(changed)
  return changed
}

/** Gives up a name with the keys of it. Mailboxes must be gone first. */
export async function deleteDomain(tx: Tx, input: { orgId: OrgId; name: string }): Promise<void> {
  const domain = await holdOwn(tx, input)
  if (await tx.mailboxes.anyIn(input.orgId, domain.name, { below: domain.subdomainsEnabled })) {
    throw new Failure('in_use', 'This domain still has mailboxes: delete them first')
  }
  const keys = await tx.dkimKeys.ofDomain(domain.id)
  await tx.dkimKeys.delete(keys.map((key) => key.id))
  await tx.domains.delete(domain.id)
  await tell(tx, domain, input.orgId, 'domain.deleted')
}

async function holdOwn(tx: Tx, { orgId, name }: { orgId: OrgId; name: string }): Promise<Domain> {
  await tx.accounts.lockOrganization(orgId)
  const domain = await tx.domains.own(orgId, name)
  if (!domain) throw notFound('domain')
  return domain
}

/** Notes that the DNS is being asked; refuses to ask again within `everyMs`. */
export async function beginDomainCheck(tx: Tx, input: { orgId: OrgId; name: string; everyMs: number }): Promise<void> {
  const domain = await holdOwn(tx, input)
  const resetAt = (domain.checkedAt ?? Number.NEGATIVE_INFINITY) + input.everyMs
  if (resetAt > tx.now) {
    throw new Failure('rate_limited', 'This domain was checked a moment ago', {
      retryAfterSeconds: Math.ceil((resetAt - tx.now) / 1000),
      rate: { limit: 1, resetAt },
    })
  }
  await tx.domains.update({ ...domain, checkedAt: tx.now, recheckAt: tx.now + RECHECK_EVERY_MS })
}

export interface DomainCheck {
  orgId: OrgId
  name: string
  /** What the DNS showed, by key of the record. What it gave no answer for is left out and stays as it was. */
  states: Record<string, RecordState>
  /** The keys of all records, and of those without which the domain is not verified. */
  keys: string[]
  required: string[]
  /** Somebody asked for it: a failed domain gets a new chance. */
  asked: boolean
}

/** Puts on record what the DNS showed, with what follows from it. `taken`: all is there, but another organization was first. */
export async function recordDomainCheck(tx: Tx, input: DomainCheck): Promise<{ domain: Domain; taken: boolean }> {
  const domain = await holdOwn(tx, input)
  const known = { ...domain.states, ...input.states }
  const states = Object.fromEntries(input.keys.flatMap((key) => (known[key] ? [[key, known[key]]] : [])))
  const complete = input.required.every((key) => states[key]?.status === 'valid')
  const taken = complete && (await isVerifiedElsewhere(tx, input.orgId, domain.name))
  const standing = complete && !taken ? verified : standingWithout(domain, input.asked, tx.now)
  const changed = { ...domain, ...standing, states, updatedAt: tx.now }
  await tx.domains.update(changed)
  if (changed.status === 'verified' && domain.status !== 'verified') await welcome(tx, changed, input.orgId)
  return { domain: changed, taken }
}

type Standing = Pick<Domain, 'status' | 'failingSince'>

const verified: Standing = { status: 'verified', failingSince: null }

function standingWithout({ status, failingSince }: Domain, asked: boolean, now: number): Standing {
  if (status !== 'verified') return { status: asked ? 'pending' : status, failingSince: null }
  const since = failingSince ?? now
  return now - since >= GRACE_MS ? { status: 'failed', failingSince: null } : { status, failingSince: since }
}

// Who had the name before may have mailboxes there: mail to them is from now on somebody else's.
async function welcome(tx: Tx, domain: Domain, orgId: OrgId): Promise<void> {
  const { name } = domain
  if ((await tx.domains.byName(name)).length > 1) await tx.mailboxes.releaseAddresses(name, orgId)
  await tell(tx, domain, orgId, 'domain.verified')
}

type DomainEvent = 'domain.created' | 'domain.deleted' | 'domain.verified'

async function tell(tx: Tx, { id, projectId, name }: Domain, orgId: OrgId, type: DomainEvent): Promise<void> {
  const nowhere = { mailboxId: null, threadId: null, messageId: null }
  await tx.events.append({ orgId, ...nowhere, type, payload: { domainId: id, projectId, name } })
}
