import { type Caller, demand, may, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { Failure, invalid } from '../errors.ts'
import { demandTopics } from '../webhooks/topics.ts'
import {
  type CountedTopic,
  countedTopics,
  type LevelName,
  levelNames,
  type Scope,
  type Span,
  type Standing,
} from './model.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ASKABLE_MS = 90 * DAY_MS
/** A day more than may be asked for, so that nothing is dropped while it is read. */
export const KEPT_MS = ASKABLE_MS + DAY_MS
const MAX_BUCKETS = 1_000
const MAX_PERIOD = 86_400

/** A time, and how long each bucket in it is. All of it may be left out: the last day, by the hour. */
export interface AskedSpan {
  start?: number
  end?: number
  periodSeconds?: number
}

/** One value at a time in epoch milliseconds. */
export interface Sample {
  at: number
  value: number
}

/**
 * How often things happened within the caller's reach, by buckets that begin at whole multiples of the period; only those in which
 * something did, the oldest first. Without `topics` all that the caller may know of.
 */
export async function readCounts(
  app: App,
  caller: Caller,
  asked: AskedSpan & { topics?: readonly CountedTopic[] },
): Promise<Map<CountedTopic, Sample[]>> {
  const span = checkSpan(app, asked)
  demand(caller, 'metrics_read')
  if (asked.topics) demandTopics(caller, asked.topics)
  const topics = asked.topics ?? countedTopics.filter((topic) => mayCount(caller, topic))
  const counts = await app.store.read.statistics.counts(scopeOf(caller), topics, span)
  const sorted = counts.toSorted((a, b) => a.at - b.at)
  const samplesOf = (topic: CountedTopic) => sorted.filter((count) => count.topic === topic).map(toSample)
  return new Map(topics.map((topic) => [topic, samplesOf(topic)]))
}

function mayCount(caller: Caller, topic: CountedTopic): boolean {
  const variant = (['spam', 'blocked', 'unauthenticated'] as const).find((name) => topic.endsWith(`.${name}`))
  return variant === undefined || may(caller, `label_${variant}_read`)
}

function toSample({ at, count }: { at: number; count: number }): Sample {
  return { at: at * 1000, value: count }
}

/** What there was within the caller's reach at the end of each bucket, and of the whole time; the oldest first. */
export async function readLevels(
  app: App,
  caller: Caller,
  asked: AskedSpan & { levels?: readonly LevelName[] },
): Promise<Map<LevelName, Sample[]>> {
  const span = checkSpan(app, asked)
  const known = levelsOf(caller)
  const unknown = asked.levels?.find((level) => !known.includes(level))
  if (unknown) throw invalid('usage_types', 'are not all known for an inbox or a pod')
  demand(caller, 'metrics_read')
  const names = asked.levels ?? known
  const standings = await app.store.read.statistics.standings(scopeOf(caller), span)
  const sorted = standings.toSorted((a, b) => a.at - b.at)
  const ends = endsOf(span)
  return new Map(names.map((name) => [name, levelsAt(ends, sorted, name)]))
}

// A mailbox holds no mailboxes, and a project no projects.
function levelsOf(caller: Caller): readonly LevelName[] {
  const { projectId, mailboxId } = reachOf(caller)
  if (mailboxId !== null) return levelNames.slice(0, 3)
  return projectId === null ? levelNames : levelNames.slice(0, 5)
}

function endsOf({ from, to, period }: Span): number[] {
  const first = (Math.floor(from / period) + 1) * period
  const whole = Array.from({ length: Math.max(0, Math.ceil((to - first) / period)) }, (_, i) => first + i * period)
  return [...whole, to]
}

function levelsAt(ends: readonly number[], standings: readonly Standing[], name: LevelName): Sample[] {
  let next = 0
  let value = 0
  return ends.map((end) => {
    for (let one = standings[next]; one && one.at < end; one = standings[++next]) value = one.levels[name]
    return { at: end * 1000, value }
  })
}

function scopeOf(caller: Caller): Scope {
  const { orgId, projectId, mailboxId } = reachOf(caller)
  return mailboxId ?? projectId ?? orgId
}

function checkSpan(app: App, asked: AskedSpan): Span {
  const now = app.clock.now()
  // What happens in this very millisecond belongs to a time that ends now.
  const end = asked.end ?? now + 1
  const start = asked.start ?? end - DAY_MS
  if (start < now - ASKABLE_MS) throw invalid('start', 'must be within the last 90 days')
  if (start >= end) throw invalid(asked.start === undefined ? 'end' : 'start', 'must be before the end')
  const fitting = end - start <= (MAX_BUCKETS - 1) * HOUR_MS ? 3600 : MAX_PERIOD
  const period = asked.periodSeconds ?? fitting
  if (!Number.isInteger(period) || period < 1 || period > MAX_PERIOD) {
    throw invalid('period', `must be a whole number from 1 to ${MAX_PERIOD}`)
  }
  const span = { from: Math.floor(start / 1000), to: Math.ceil(end / 1000), period }
  if (Math.floor((end - start) / 1000 / period) > MAX_BUCKETS) {
    const message = `At most ${MAX_BUCKETS} buckets are answered at once: ask for less time or a longer period`
    throw new Failure('unprocessable', message, { reason: 'range_too_wide' })
  }
  return span
}
