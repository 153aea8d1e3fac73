import { toAsciiDomain } from '../../protocol/dns/domain-name.ts'
import { type Caller, demandManyMailboxes, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import { type DomainId, newId, type OrgId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import { checkRecords } from './check-records.ts'
import { type DomainChange, type NewDomain, refuseOverLimit, sameAs, takenDomain } from './commands.ts'
import { newKeys } from './dkim-keys/rotate.ts'
import { type DnsRecord, recordsOfDomain } from './dns-records.ts'
import { checkDomainName } from './domain-name.ts'
import { missing } from './judge-record.ts'
import type { Domain, RecordState } from './model.ts'

/** Asking for a check more often than this changes nothing that a resolver would show. */
const CHECK_EVERY_MS = 10_000

/** A domain with the records that its owner publishes, and what the DNS shows of each. */
export interface DomainView {
  domain: Domain
  records: (DnsRecord & { state: RecordState })[]
}

/** Claims a name for the caller's organization; `created` is false when it has it already. */
export async function createDomain(
  app: App,
  caller: Caller,
  input: { name: string; feedbackEnabled?: boolean | null } & Pick<
    NewDomain,
    'subdomainsEnabled' | 'trackingEnabled'
  > & {
      /** False: a name whose mail goes to another provider now is refused. */
      replacing?: boolean
    },
): Promise<DomainView & { created: boolean }> {
  const name = checkDomainName(input.name, app.settings.mailDomain)
  const { feedbackEnabled = null, subdomainsEnabled = false, trackingEnabled = false } = input
  demandManyMailboxes(caller, 'domain_create')
  const { orgId, projectId } = caller
  const known = await foresee(app, orgId, name)
  if (known) return { ...(await viewOf(app, sameAs(own(caller, known), { feedbackEnabled }))), created: false }
  if (input.replacing === false) await refuseOccupied(app, name)
  const id = newId<DomainId>()
  const keys = await newKeys(app, { id })
  const wanted = { id, orgId, projectId, name, feedbackEnabled, subdomainsEnabled, trackingEnabled, keys }
  const { domain, created } = await app.store.run('domains.create', wanted)
  return { ...(await viewOf(app, own(caller, domain))), created }
}

// A mail provider beside ours would lose its mail, which whoever adds the domain may not know.
async function refuseOccupied(app: App, name: string): Promise<void> {
  const records = await app.resolver.mx(name).catch(() => [])
  if (records.some(({ exchange }) => /(^|\.)google(mail)?\.com\.?$/i.test(exchange))) {
    throw new Failure('unprocessable', 'The mail of this domain goes to Google Workspace')
  }
}

// Whoever may not see it must not learn more than that the name is in use.
function own(caller: Caller, domain: Domain): Domain {
  if (!isVisible(caller, domain)) throw new Failure('taken', 'This domain is in use already')
  return domain
}

function isVisible(caller: Caller, { projectId }: Domain): boolean {
  return !caller.projectOnly || projectId === caller.projectId
}

// Making a key costs a tenth of a second of a core: not for what would be refused anyway.
async function foresee(app: App, orgId: OrgId, name: string): Promise<Domain | undefined> {
  const { accounts, domains } = app.store.read
  const claims = await domains.byName(name)
  const own = claims.find((domain) => domain.orgId === orgId)
  if (own) return own
  if (claims.some(({ status }) => status === 'verified')) throw takenDomain()
  const organization = await accounts.organization(orgId)
  refuseOverLimit(organization?.domainLimit ?? null, (await accounts.usage(orgId)).domains)
  return undefined
}

/** One domain of the caller's organization, by its name in any spelling. */
export async function getDomain(app: App, caller: Caller, name: string): Promise<DomainView> {
  demandManyMailboxes(caller, 'domain_read')
  return viewOf(app, await reachDomain(app, caller, name))
}

/** The domains of the caller's organization, newest first. */
export async function listDomains(app: App, caller: Caller, page: PageRequest): Promise<Page<DomainView>> {
  demandManyMailboxes(caller, 'domain_read')
  const { items, total } = await app.store.read.domains.list(reachOf(caller), page)
  return { items: await Promise.all(items.map((domain) => viewOf(app, domain))), total }
}

/** Switches what a domain is good for. */
export async function updateDomain(app: App, caller: Caller, name: string, change: DomainChange): Promise<DomainView> {
  demandManyMailboxes(caller, 'domain_update')
  const domain = await reachDomain(app, caller, name)
  return viewOf(app, await app.store.run('domains.update', { orgId: caller.orgId, name: domain.name, change }))
}

/** Gives up a domain. From then on mail to it is not ours. */
export async function deleteDomain(app: App, caller: Caller, name: string): Promise<void> {
  demandManyMailboxes(caller, 'domain_delete')
  const domain = await reachDomain(app, caller, name)
  await app.store.run('domains.delete', { orgId: caller.orgId, name: domain.name })
}

/** Asks the DNS now and answers what it shows. `taken` when the DNS is right and another organization has the name already. */
export async function verifyDomain(app: App, caller: Caller, name: string): Promise<DomainView> {
  demandManyMailboxes(caller, 'domain_update')
  const domain = await reachDomain(app, caller, name)
  await app.store.run('domains.begin-check', { orgId: caller.orgId, name: domain.name, everyMs: CHECK_EVERY_MS })
  const { taken, ...view } = await checkDomain(app, caller.orgId, domain, { asked: true })
  if (taken) throw takenDomain()
  return view
}

/** A domain of the caller by its name in any spelling, for what is done with it. */
async function reachDomain(app: App, caller: Caller, name: string): Promise<Domain> {
  const ascii = toAsciiDomain(name)
  const domain = ascii ? await app.store.read.domains.own(caller.orgId, ascii) : undefined
  if (!domain || !isVisible(caller, domain)) throw notFound('domain')
  return domain
}

/** Asks the DNS for all records of a domain, and puts on record what it shows. */
export async function checkDomain(
  app: App,
  orgId: OrgId,
  domain: Domain,
  { asked }: { asked: boolean },
): Promise<DomainView & { taken: boolean }> {
  const records = await recordsOfDomain(app, domain)
  const checked = await app.store.run('domains.record-check', {
    ...{ orgId, name: domain.name, asked },
    states: await checkRecords(app, records),
    keys: records.map(({ key }) => key),
    required: records.filter(({ required }) => required).map(({ key }) => key),
  })
  return { ...withStates(checked.domain, records), taken: checked.taken }
}

/** A domain as its owner sees it. */
export async function viewOf(app: App, domain: Domain): Promise<DomainView> {
  return withStates(domain, await recordsOfDomain(app, domain))
}

function withStates(domain: Domain, records: readonly DnsRecord[]): DomainView {
  return { domain, records: records.map((record) => ({ ...record, state: domain.states[record.key] ?? missing })) }
}
