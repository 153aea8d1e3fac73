import { z } from 'zod'
import { getOrganization } from '../../core/accounts/organizations.ts'
import { route } from '../route.ts'
import { printId } from './ids.ts'
import { printTime, Time } from './time.ts'

const Organization = z
  .object({
    org_id: z.string(),
    name: z.string(),
    inbox_count: z.int(),
    inbox_limit: z.int().nullable(),
    domain_count: z.int(),
    domain_limit: z.int().nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'Organization' })

export const get = route({
  method: 'GET',
  path: '/organizations',
  summary: 'The organization of the key, what it has and what it may have',
  reply: Organization,
  async handle({ app, caller }) {
    const { organization, usage } = await getOrganization(app, caller)
    return {
      org_id: printId('organization', organization.id),
      name: organization.name,
      inbox_count: usage.mailboxes,
      inbox_limit: organization.mailboxLimit,
      domain_count: usage.domains,
      domain_limit: organization.domainLimit,
      created_at: printTime(organization.createdAt),
      updated_at: printTime(organization.updatedAt),
    }
  },
})
