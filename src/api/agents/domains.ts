import { z } from 'zod'
import {
  createDomain,
  type DomainView,
  deleteDomain,
  getDomain,
  listDomains,
  verifyDomain,
} from '../../core/domains/own-domains.ts'
import { Answer, route } from '../route.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'
import { printTime, Time } from './time.ts'

const DnsRecord = z.object({
  type: z.enum(['MX', 'TXT', 'CNAME']),
  name: z.string(),
  value: z.string(),
  status: z.enum(['MISSING', 'INVALID', 'VALID']),
  priority: z.int().nullable().describe('Of an MX'),
  found: z.array(z.string()).describe('What the DNS showed at the last check'),
  required: z.boolean().describe('False where the domain is verified without it'),
})

export const Domain = z
  .object({
    domain_id: z.string().describe('Its name'),
    status: z.enum(['PENDING', 'VERIFIED', 'FAILED']),
    feedback_enabled: z.boolean().describe('Bounce and complaint reports are filed as mail too'),
    records: z.array(DnsRecord).describe('What to publish at the DNS provider'),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'Domain' })

export const create = route({
  method: 'POST',
  path: '/domains',
  summary: 'Add a domain; it answers the records to publish',
  body: z.object({
    domain: z.string().meta({ examples: ['yourdomain.com'] }),
    feedback_enabled: z.boolean().nullish(),
  }),
  reply: Domain,
  status: 201,
  otherwise: { 200: 'The domain that is there already' },
  async handle({ app, caller, body }) {
    const input = { name: body.domain, feedbackEnabled: body.feedback_enabled ?? null }
    const { created, ...view } = await createDomain(app, caller, input)
    return new Answer(created ? 201 : 200, toDomain(view))
  },
})

export const list = route({
  method: 'GET',
  path: '/domains',
  summary: 'The domains with their records, newest first',
  query: pageQuery,
  reply: pageOf(Domain),
  async handle({ app, caller, query }) {
    return toPage(await listDomains(app, caller, toPageRequest(query)), query, toDomain)
  },
})

export const get = route({
  method: 'GET',
  path: '/domains/:domainId',
  summary: 'One domain with its records',
  reply: Domain,
  async handle({ app, caller, params }) {
    return toDomain(await getDomain(app, caller, params.domainId))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/domains/:domainId',
  summary: 'Delete a domain that has no inboxes any more',
  async handle({ app, caller, params }) {
    await deleteDomain(app, caller, params.domainId)
  },
})

export const verify = route({
  method: 'POST',
  path: '/domains/:domainId/verify',
  summary: 'Look at the DNS now; with all records there the domain is verified',
  reply: Domain,
  async handle({ app, caller, params }) {
    return toDomain(await verifyDomain(app, caller, params.domainId))
  },
})

const statuses = { pending: 'PENDING', verified: 'VERIFIED', failed: 'FAILED' } as const
const recordStatuses = { missing: 'MISSING', invalid: 'INVALID', valid: 'VALID' } as const

export function toDomain({ domain, records }: DomainView): z.output<typeof Domain> {
  return {
    domain_id: domain.name,
    status: statuses[domain.status],
    feedback_enabled: domain.feedbackEnabled,
    records: records.map(({ type, name, value, priority, required, state: { status, found } }) => {
      return { type, name, value, status: recordStatuses[status], priority, found, required }
    }),
    created_at: printTime(domain.createdAt),
    updated_at: printTime(domain.updatedAt),
  }
}
