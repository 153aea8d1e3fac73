import type { App } from '../app.ts'
import { invalid, notFound } from '../errors.ts'
import { type Caller, wholeOrganization } from './caller.ts'
import { issueKey } from './keys.ts'
import type { Organization, OrganizationUsage } from './model.ts'

/** The caller's organization and what it has of what it may have: any key may know whose it is. */
export async function getOrganization(
  app: App,
  caller: Caller,
): Promise<{ organization: Organization; usage: OrganizationUsage }> {
  const organization = await app.store.read.accounts.organization(caller.orgId)
  if (!organization) throw notFound('organization')
  return { organization, usage: await app.store.read.accounts.usage(caller.orgId) }
}

/** An organization and its first admin key, made by the operator. The key's text is answered here and never again. */
export async function foundOrganization(
  app: App,
  input: { name: string; mailboxLimit?: number | null; domainLimit?: number | null },
): Promise<{ organization: Organization; key: string }> {
  const name = input.name.trim()
  if (name.length < 1 || name.length > 128) throw invalid('name', 'must have 1 to 128 characters')
  const { mailboxLimit = null, domainLimit = null } = input
  const organization = await app.store.run('accounts.create-organization', { name, mailboxLimit, domainLimit })
  const { text } = await issueKey(app, organization.id, { name: 'first key' })
  return { organization, key: text }
}

/** The organization of the first start. Its key is made, and answered, only when it has none yet. */
export async function openFirstOrganization(app: App): Promise<{ organization: Organization; key: string | null }> {
  const organization = await app.store.run('accounts.ensure-first-organization', {})
  const { total } = await app.store.read.accounts.keys(wholeOrganization(organization.id), { limit: 0 })
  if (total > 0) return { organization, key: null }
  const { text } = await issueKey(app, organization.id, { name: 'first key' })
  return { organization, key: text }
}
