import { z } from 'zod'
import {
  createDomain,
  type DomainView,
  deleteDomain,
  getDomain,
  listDomains,
  updateDomain,
  verifyDomain,
} from '../../../core/domains/own-domains.ts'
import { zoneText } from '../../../core/domains/zone-text.ts'
import { attachmentDisposition } from '../../content-disposition.ts'
import { route } from '../../route.ts'
import { printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { present } from './absent.ts'
import { pageOf, sortedQuery, toPage, toPageRequest } from './paging.ts'

const itemShape = {
  pod_id: z.string().optional(),
  domain_id: z.string().describe('Its name'),
  domain: z.string(),
  feedback_enabled: z.boolean().describe('Bounce and complaint reports are filed as mail too'),
  subdomains_enabled: z.boolean(),
  tracking_enabled: z.boolean(),
  client_id: z.string().optional(),
  updated_at: Time,
  created_at: Time,
}

const DomainItem = z.object(itemShape).meta({ id: 'DomainItem' })

const DnsRecord = z.object({
  type: z.enum(['MX', 'TXT', 'CNAME']),
  name: z.string(),
  value: z.string(),
  status: z.enum(['MISSING', 'INVALID', 'VALID']),
  priority: z.int().optional().describe('Of an MX'),
  reason: z.enum(['duplicate_records', 'value_mismatch']).optional(),
})

const Domain = z
  .object({
    ...itemShape,
    status: z.enum(['PENDING', 'VERIFIED', 'FAILED']),
    reason: z.enum(['dns_records_missing', 'dns_records_invalid']).optional(),
    records: z.array(DnsRecord).describe('What to publish at the DNS provider'),
  })
  .meta({ id: 'Domain' })

const flags = {
  feedback_enabled: z.boolean().nullish(),
  subdomains_enabled: z.boolean().nullish().describe('Inboxes may be in any name below it'),
  tracking_enabled: z.boolean().nullish(),
}

export const domains = {
  list: route({
    method: 'GET',
    path: '/domains',
    summary: 'The domains, newest first',
    query: sortedQuery,
    reply: pageOf('domains', DomainItem),
    async handle(call) {
      const { items } = await listDomains(call.app, call.caller, toPageRequest(call, 'domains'))
      const cursorOf = ({ domain: { createdAt, id } }: DomainView) => ({ at: createdAt, id })
      return toPage(call, 'domains', items, { toItem, cursorOf })
    },
  }),

  create: route({
    method: 'POST',
    path: '/domains',
    summary: 'Add a domain; it answers the records to publish',
    body: z.object({
      domain: z.string().meta({ examples: ['yourdomain.com'] }),
      allow_conflicting_provider: z.boolean().nullish().describe('Although its mail goes to another provider now'),
      ...flags,
    }),
    reply: Domain,
    async handle({ app, caller, body }) {
      const view = await createDomain(app, caller, {
        name: body.domain,
        feedbackEnabled: body.feedback_enabled ?? null,
        subdomainsEnabled: body.subdomains_enabled ?? false,
        trackingEnabled: body.tracking_enabled ?? false,
        replacing: body.allow_conflicting_provider ?? false,
      })
      return toDomain(view)
    },
  }),

  get: route({
    method: 'GET',
    path: '/domains/:domain_id',
    summary: 'One domain with its records',
    reply: Domain,
    async handle({ app, caller, params }) {
      return toDomain(await getDomain(app, caller, params.domain_id))
    },
  }),

  update: route({
    method: 'PATCH',
    path: '/domains/:domain_id',
    summary: 'Switch what a domain is good for; what needs a new record waits for it',
    body: z
      .object(flags)
      .refine((body) => Object.values(body).some((v) => v != null), 'at least one of the flags is required'),
    reply: Domain,
    async handle({ app, caller, params, body }) {
      const { feedback_enabled: feedback, subdomains_enabled: subdomains, tracking_enabled: tracking } = body
      const change = {
        ...(feedback != null && { feedbackEnabled: feedback }),
        ...(subdomains != null && { subdomainsEnabled: subdomains }),
        ...(tracking != null && { trackingEnabled: tracking }),
      }
      return toDomain(await updateDomain(app, caller, params.domain_id, change))
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/domains/:domain_id',
    summary: 'Delete a domain that has no inboxes any more',
    async handle({ app, caller, params }) {
      await deleteDomain(app, caller, params.domain_id)
    },
  }),

  verify: route({
    method: 'POST',
    path: '/domains/:domain_id/verify',
    summary: 'Look at the DNS now; with all records there the domain is verified',
    async handle({ app, caller, params }) {
      await verifyDomain(app, caller, params.domain_id)
    },
  }),

  get_zone_file: route({
    method: 'GET',
    path: '/domains/:domain_id/zone-file',
    summary: 'The records as lines of a zone file',
    produces: 'text/plain',
    async handle({ app, caller, params }) {
      const { domain, records } = await getDomain(app, caller, params.domain_id)
      return new Response(zoneText(domain.name, app.settings.mailHost, records), {
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'content-disposition': attachmentDisposition(`${domain.name}.zone`),
        },
      })
    },
  }),
}

/** Only of the whole organization. */
export const setupLinks = {
  get_setup_link: route({
    method: 'GET',
    path: '/domains/:domain_id/setup-link',
    summary: 'Whether the DNS provider takes the records by itself: not here',
    reply: z.object({ supported: z.boolean() }).meta({ id: 'SetupLink' }),
    async handle({ app, caller, params }) {
      await getDomain(app, caller, params.domain_id)
      return { supported: false }
    },
  }),
}

function toItem({ domain }: DomainView): z.output<typeof DomainItem> {
  return present({
    pod_id: domain.projectId && printId('pod', domain.projectId),
    domain_id: domain.name,
    domain: domain.name,
    feedback_enabled: domain.feedbackEnabled,
    subdomains_enabled: domain.subdomainsEnabled,
    tracking_enabled: domain.trackingEnabled,
    updated_at: printTime(domain.updatedAt),
    created_at: printTime(domain.createdAt),
  })
}

const statuses = { pending: 'PENDING', verified: 'VERIFIED', failed: 'FAILED' } as const
const recordStatuses = { missing: 'MISSING', invalid: 'INVALID', valid: 'VALID' } as const
const recordReasons = { duplicate: 'duplicate_records', mismatch: 'value_mismatch' } as const

export function toDomain(view: DomainView): z.output<typeof Domain> {
  const { domain, records } = view
  return {
    ...toItem(view),
    status: statuses[domain.status],
    ...present({ reason: reasonOf(view) }),
    records: records.map(({ type, name, value, priority, state: { status, reason } }) =>
      present({
        type,
        name,
        value,
        status: recordStatuses[status],
        priority,
        reason: reason && recordReasons[reason],
      }),
    ),
  }
}

function reasonOf({ domain, records }: DomainView): 'dns_records_invalid' | 'dns_records_missing' | null {
  if (domain.status === 'verified') return null
  const states = records.filter(({ required }) => required).map(({ state }) => state.status)
  if (states.includes('invalid')) return 'dns_records_invalid'
  return states.includes('missing') ? 'dns_records_missing' : null
}
