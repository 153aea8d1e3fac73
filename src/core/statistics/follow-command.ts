import { wholeOrganization } from '../accounts/caller.ts'
import type { LoggedEvent } from '../events/model.ts'
import type { MailboxId, OrgId, ProjectId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { topicOf } from '../webhooks/topics.ts'
import { type Level, levels, type Scope } from './model.ts'
import type { MailboxLevels, ScopedPoint } from './store.ts'

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

function countsOf(events: readonly LoggedEvent[], mailboxes: Mailboxes): ScopedPoint[] {
  const points = new Map<string, ScopedPoint>()
  for (const event of events) {
    const name = topicOf(event)
    if (!name) continue
    const at = secondOf(event)
    for (const scope of [event.orgId, projectOf(event, mailboxes), event.mailboxId]) {
      if (!scope) continue
      const key = `${scope} ${name} ${at}`
      const point = points.get(key) ?? { scope, name, at, value: 0 }
      points.set(key, { ...point, value: point.value + 1 })
    }
  }
  return [...points.values()]
}

/** What has come to be, or to be more or less, by scope. */
type Changes = Map<Scope, { at: number; levels: Partial<Record<Level, number>> }>

async function setLevels(tx: Tx, events: readonly LoggedEvent[], mailboxes: Mailboxes): Promise<void> {
  const latest = new Map(events.map((event) => [event.mailboxId ?? event.orgId, event]))
  const places = [...latest.values()].map((event) => ({ event, projectId: projectOf(event, mailboxes) }))
  const scopes = places.flatMap(({ event, projectId }) => [event.orgId, projectId ?? [], event.mailboxId ?? []].flat())
  const present = await tx.statistics.present([...new Set<Scope>(scopes)])
  const changes: Changes = new Map()
  for (const { event, projectId } of places) {
    if (event.mailboxId === null) continue
    const now = mailboxes.get(event.mailboxId)?.levels ?? nothing
    const before = present.get(event.mailboxId) ?? {}
    for (const [name, value] of Object.entries(now) as [Level, number][]) {
      const difference = value - (before[name] ?? 0)
      if (difference === 0) continue
      for (const scope of [event.mailboxId, projectId, event.orgId]) {
        if (scope) raise(changes, present, { scope, name, at: secondOf(event), value: difference })
      }
    }
  }
  await countPlaces(tx, events, present, changes)
  const points = [...changes].flatMap(([scope, { at, levels: changed }]) =>
    levels.flatMap((name) => (changed[name] === undefined ? [] : [{ scope, name, at, value: changed[name] }])),
  )
  await tx.statistics.set(points)
}

const nothing: MailboxLevels['levels'] = { sizeBytes: 0, messages: 0, threads: 0, mailboxes: 0 }

type Present = ReadonlyMap<Scope, Partial<Record<Level, number>>>

function raise(changes: Changes, present: Present, by: ScopedPoint & { name: string }): void {
  const name = by.name as Level
  const change = changes.get(by.scope) ?? { at: by.at, levels: {} }
  const before = change.levels[name] ?? present.get(by.scope)?.[name] ?? 0
  changes.set(by.scope, { at: Math.max(change.at, by.at), levels: { ...change.levels, [name]: before + by.value } })
}

// Domains and projects are few: they are counted when one comes or goes, and at the first entry of an organization.
async function countPlaces(tx: Tx, events: readonly LoggedEvent[], present: Present, changes: Changes): Promise<void> {
  for (const [orgId, own] of Map.groupBy(events, (event) => event.orgId)) {
    const counted = present.get(orgId)?.projects !== undefined
    const told = own.filter(({ type }) => type.startsWith('domain.') || type.startsWith('project.'))
    const event = told.at(-1) ?? (counted ? undefined : own.at(-1))
    if (!event) continue
    const at = secondOf(event)
    const all = wholeOrganization(orgId)
    put(changes, orgId, at, { domains: await domainsIn(tx, orgId, null), projects: await projectsIn(tx, orgId) })
    const projects = new Set(told.flatMap(({ payload }) => (payload.projectId as ProjectId | null) ?? []))
    for (const id of projects) put(changes, id, at, { domains: await domainsIn(tx, all.orgId, id) })
  }
}

async function domainsIn(tx: Tx, orgId: OrgId, projectId: ProjectId | null): Promise<number> {
  return (await tx.domains.list({ ...wholeOrganization(orgId), projectId }, { limit: 0 })).total
}

async function projectsIn(tx: Tx, orgId: OrgId): Promise<number> {
  return (await tx.projects.list(wholeOrganization(orgId), { limit: 0 })).total
}

function put(changes: Changes, scope: Scope, at: number, to: Partial<Record<Level, number>>): void {
  const change = changes.get(scope) ?? { at, levels: {} }
  changes.set(scope, { at: Math.max(change.at, at), levels: { ...change.levels, ...to } })
}
