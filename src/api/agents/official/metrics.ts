import { z } from 'zod'
import { countedTopics, type LevelName, levelNames } from '../../../core/statistics/model.ts'
import { type AskedSpan, readCounts, readLevels, type Sample } from '../../../core/statistics/statistics.ts'
import { flag, moment, wholeNumber } from '../../query.ts'
import { route } from '../../route.ts'
import { printTime, Time } from '../time.ts'
import { list } from './query.ts'

const usageTypes = [
  'storage_bytes',
  'message_count',
  'thread_count',
  'inbox_count',
  'domain_count',
  'pod_count',
] as const
type UsageType = (typeof usageTypes)[number]
const levelOf = Object.fromEntries(usageTypes.map((type, at) => [type, levelNames[at]])) as Record<UsageType, LevelName>

const spanQuery = z.object({
  start: moment.optional().describe('A day before the end when absent; within 90 days'),
  end: moment.optional().describe('Now when absent'),
  period: z.coerce.number().optional().describe('Seconds of a bucket, 1 to 86400; buckets begin at its multiples'),
  limit: wholeNumber({ min: 1, max: 1000, fallback: 1000 }).describe('How many buckets of each type'),
  descending: flag.optional(),
})

const eventsQuery = spanQuery.extend({ event_types: list.pipe(z.array(z.enum(countedTopics))).optional() })
const usageQuery = spanQuery.extend({ usage_types: list.pipe(z.array(z.enum(usageTypes))).optional() })

const Buckets = z
  .partialRecord(z.enum(countedTopics), z.array(z.object({ timestamp: Time, count: z.int() })))
  .meta({ id: 'QueryMetricsResponse' })
const Series = z
  .partialRecord(z.enum(usageTypes), z.array(z.object({ timestamp: Time, value: z.int() })))
  .meta({ id: 'QueryUsageResponse' })

export const metrics = {
  events: route({
    method: 'GET',
    path: '/metrics/events',
    refuses: ['unprocessable'],
    summary: 'How often things happened',
    query: eventsQuery,
    reply: Buckets,
    async handle({ app, caller, query }) {
      const topics = query.event_types
      const counts = await readCounts(app, caller, { ...spanOf(query), ...(topics && { topics }) })
      const entries = [...counts].map(([name, samples]) => {
        const buckets = cut(samples, query).map(({ at, value }) => ({ timestamp: printTime(at), count: value }))
        return [name, buckets] as const
      })
      return Object.fromEntries(entries)
    },
  }),

  usage: route({
    method: 'GET',
    path: '/metrics/usage',
    refuses: ['unprocessable'],
    summary: 'What there was, in the course of time',
    query: usageQuery,
    reply: Series,
    async handle({ app, caller, query }) {
      const wanted = query.usage_types?.map((type) => levelOf[type])
      const series = await readLevels(app, caller, { ...spanOf(query), ...(wanted && { levels: wanted }) })
      const entries = usageTypes.flatMap((type) => {
        const samples = series.get(levelOf[type])
        if (!samples) return []
        return [[type, cut(samples, query).map(({ at, value }) => ({ timestamp: printTime(at), value }))]]
      })
      return Object.fromEntries(entries)
    },
  }),
}

type SpanQuery = z.output<typeof spanQuery>

function spanOf({ start, end, period }: SpanQuery): AskedSpan {
  return {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(period === undefined ? {} : { periodSeconds: period }),
  }
}

function cut(samples: readonly Sample[], { limit, descending }: SpanQuery): Sample[] {
  return (descending ? samples.toReversed() : samples).slice(0, limit)
}
