import type { ApiKeyId, MailboxId, OrgId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Reach } from './caller.ts'
import type { ApiKey, Organization, OrganizationUsage, Project } from './model.ts'

export interface AccountReader {
  organization(id: OrgId): Promise<Organization | undefined>
  /** The oldest organization: the one that the first start made. */
  firstOrganization(): Promise<Organization | undefined>
  usage(id: OrgId): Promise<OrganizationUsage>
  defaultProject(id: OrgId): Promise<Project | undefined>
  keyByHash(hash: string): Promise<ApiKey | undefined>
  key(org: OrgId, id: ApiKeyId): Promise<ApiKey | undefined>
  /** Those that reach no further, newest first. */
  keys(reach: Reach, page: PageRequest): Promise<Page<ApiKey>>
}

export interface AccountWriter extends AccountReader {
  /** Holds the organization (any text will do) until the end of the transaction, so that counts can be checked and acted on. */
  lockOrganization(id: OrgId): Promise<void>
  insertOrganization(organization: Organization, defaultProject: Project): Promise<void>
  updateLimits(org: OrgId, limits: Pick<Organization, 'mailboxLimit' | 'domainLimit'>, at: number): Promise<void>
  insertKey(key: ApiKey): Promise<void>
  updateKey(key: Pick<ApiKey, 'id' | 'name' | 'permissions' | 'updatedAt'>): Promise<void>
  /** False when it was not there. */
  deleteKey(org: OrgId, id: ApiKeyId): Promise<boolean>
  deleteKeysOfMailbox(mailbox: MailboxId): Promise<void>
  touchKeys(uses: { id: ApiKeyId; usedAt: number }[]): Promise<void>
}
