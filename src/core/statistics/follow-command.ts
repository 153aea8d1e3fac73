import { wholeOrganization } from '../accounts/caller.ts'
import type { LoggedEvent } from '../events/model.ts'
import type { MailboxId, OrgId, ProjectId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { topicOf } from '../webhooks/topics.ts'
import { countedTopics, type LevelName, type Levels, levelNames, noLevels, type Scope } from './model.ts'
import type { MailboxLevels, ScopedCount } from './store.ts'

/**
 * Counts the next entries of the event log; answers how many there were. Intake does nothing for the statistics: they follow behind, a
 * burst of mail to one mailbox costs what one mail costs, and the position moves with the counts, in one commit.
 */
export async function followStatistics(tx: Tx, input: { limit: number }): Promise<number> {
  const from = await tx.statistics.holdPosition()
  const events = await tx.events.after(from, input.limit)
  const last = events.at(-1)
  if (!last) return 0
  const mailboxes = await tx.statistics.mailboxLevels(mailboxesIn(events))
  await tx.statistics.add(countsOf(events, mailboxes))
  await setLevels(tx, events, mailboxes)
  await tx.statistics.moveTo(last.seq)
  return events.length
}

/** Forgets what is too old to be asked for; a bite at a time. */
export async function sweepStatistics(tx: Tx, input: { before: number; limit: number }): Promise<number> {
  return tx.statistics.sweep(Math.floor(input.before / 1000), input.limit)
}

type Mailboxes = ReadonlyMap<MailboxId, MailboxLevels>

function mailboxesIn(events: readonly LoggedEvent[]): MailboxId[] {
  return [...new Set(events.flatMap(({ mailboxId }) => mailboxId ?? []))]
}

function secondOf({ createdAt }: LoggedEvent): number {
  return Math.floor(createdAt / 1000)
}

// What is in no mailbox says itself where it is, and so does a mailbox that may be erased by now.
function projectOf({ mailboxId, payload }: LoggedEvent, mailboxes: Mailboxes): ProjectId | undefined {
  const known = mailboxId === null ? undefined : mailboxes.get(mailboxId)?.projectId
  return known ?? (payload.projectId as ProjectId | undefined)
}

function countsOf(events: readonly LoggedEvent[], mailboxes: Mailboxes): ScopedCount[] {
  const counts = new Map<string, ScopedCount>()
  for (const event of events) {
    const told = topicOf(event)
    const topic = countedTopics.find((counted) => counted === told)
    if (!topic) continue
    const at = secondOf(event)
    for (const scope of [event.orgId, projectOf(event, mailboxes), event.mailboxId]) {
      if (!scope) continue
      const key = `${scope} ${topic} ${at}`
      counts.set(key, { scope, topic, at, count: (counts.get(key)?.count ?? 0) + 1 })
    }
  }
  return [...counts.values()]
}

async function setLevels(tx: Tx, events: readonly LoggedEvent[], mailboxes: Mailboxes): Promise<void> {
  // Of several entries of a mailbox the last one says where it is, and when.
  const latest = [...new Map(events.map((event) => [event.mailboxId ?? event.orgId, event])).values()]
  const places = latest.map((event) => ({ event, projectId: projectOf(event, mailboxes) }))
  const scopes = events.flatMap((event) => [event.orgId, projectOf(event, mailboxes), event.mailboxId])
  const known = [...new Set<Scope>(scopes.flatMap((scope) => scope ?? []))]
  const ledger = new Ledger(await tx.statistics.present(known))
  for (const { event, projectId } of places) {
    if (event.mailboxId === null) continue
    const now = mailboxes.get(event.mailboxId)?.levels ?? noLevels
    const difference = ledger.differenceTo(event.mailboxId, now)
    for (const scope of difference ? [event.mailboxId, projectId, event.orgId] : []) {
      if (scope) ledger.raise(scope, secondOf(event), difference ?? {})
    }
  }
  await countPlaces(tx, events, ledger)
  await tx.statistics.set(ledger.changed())
}

/** What there is, as it was before these entries and as they change it. */
class Ledger {
  readonly #levels: Map<Scope, Levels>
  readonly #at = new Map<Scope, number>()

  constructor(present: ReadonlyMap<Scope, Levels>) {
    this.#levels = new Map(present)
  }

  levelsOf(scope: Scope): Levels {
    return this.#levels.get(scope) ?? noLevels
  }

  /** Undefined when there is none. */
  differenceTo(scope: Scope, levels: Levels): Partial<Levels> | undefined {
    const before = this.levelsOf(scope)
    const changed = levelNames.filter((name) => levels[name] !== before[name])
    if (changed.length === 0) return undefined
    return Object.fromEntries(changed.map((name) => [name, levels[name] - before[name]]))
  }

  raise(scope: Scope, at: number, by: Partial<Levels>): void {
    const before = this.levelsOf(scope)
    const raised = Object.entries(by).map(([name, value]) => [name, before[name as LevelName] + value])
    this.put(scope, at, Object.fromEntries(raised))
  }

  put(scope: Scope, at: number, levels: Partial<Levels>): void {
    this.#levels.set(scope, { ...this.levelsOf(scope), ...levels })
    this.#at.set(scope, Math.max(at, this.#at.get(scope) ?? 0))
  }

  changed() {
    return [...this.#at].map(([scope, at]) => ({ scope, at, levels: this.levelsOf(scope) }))
  }
}

// Domains and projects are few: they are counted when one comes or goes, and at the first entry of an organization.
async function countPlaces(tx: Tx, events: readonly LoggedEvent[], ledger: Ledger): Promise<void> {
  for (const [orgId, own] of Map.groupBy(events, (event) => event.orgId)) {
    const told = own.filter(({ type }) => type.startsWith('domain.') || type.startsWith('project.'))
    const event = told.at(-1) ?? (ledger.levelsOf(orgId).projects > 0 ? undefined : own.at(-1))
    if (!event) continue
    const at = secondOf(event)
    ledger.put(orgId, at, { domains: await domainsIn(tx, orgId, null), projects: await projectsIn(tx, orgId) })
    const projects = new Set(told.flatMap(({ payload }) => (payload.projectId as ProjectId | null) ?? []))
    for (const id of projects) ledger.put(id, at, { domains: await domainsIn(tx, orgId, id) })
  }
}

async function domainsIn(tx: Tx, orgId: OrgId, projectId: ProjectId | null): Promise<number> {
  return (await tx.domains.list({ ...wholeOrganization(orgId), projectId }, { limit: 0 })).total
}

async function projectsIn(tx: Tx, orgId: OrgId): Promise<number> {
  return (await tx.projects.list(wholeOrganization(orgId), { limit: 0 })).total
}
