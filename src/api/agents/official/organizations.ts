import { z } from 'zod'
import { getOrganization } from '../../../core/accounts/organizations.ts'
import { route } from '../../route.ts'
import { printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { present } from './absent.ts'

const Organization = z
  .object({
    organization_id: z.string(),
    inbox_count: z.int(),
    domain_count: z.int(),
    inbox_limit: z.int().optional(),
    domain_limit: z.int().optional(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'Organization' })

export const organizations = {
  get: route({
    method: 'GET',
    path: '/organizations',
    summary: 'The organization of the key, what it has and what it may have',
    reply: Organization,
    async handle({ app, caller }) {
      const { organization, usage } = await getOrganization(app, caller)
      return present({
        organization_id: printId('organization', organization.id),
        inbox_count: usage.mailboxes,
        domain_count: usage.domains,
        inbox_limit: organization.mailboxLimit,
        domain_limit: organization.domainLimit,
        created_at: printTime(organization.createdAt),
        updated_at: printTime(organization.updatedAt),
      })
    },
  }),
}
