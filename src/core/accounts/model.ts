import type { ApiKeyId, MailboxId, OrgId, ProjectId } from '../ids.ts'

/** A customer. Every row that belongs to one carries its id: tenant isolation is that one predicate. */
export interface Organization {
  id: OrgId
  name: string
  /** How many live mailboxes and domains it may have; null is unlimited. */
  mailboxLimit: number | null
  domainLimit: number | null
  createdAt: number
  updatedAt: number
}

/** Counted live. */
export interface OrganizationUsage {
  mailboxes: number
  domains: number
}

/** A part of an organization that keys can be confined to. Each organization has a default one, where things go that name none. */
export interface Project {
  id: ProjectId
  orgId: OrgId
  name: string
  /** The maker's own name for it, unique among the projects of the organization. */
  clientId: string | null
  isDefault: boolean
  createdAt: number
  updatedAt: number
}

/** What a key is good for at all: admin includes write, write includes read. */
export type Scope = 'read' | 'write' | 'admin'

export const permissions = [
  'mailbox_read',
  'mailbox_create',
  'mailbox_update',
  'mailbox_delete',
  'message_read',
  'message_send',
  'message_update',
  'message_delete',
  'label_spam_read',
  'label_blocked_read',
  'label_unauthenticated_read',
  'label_trash_read',
  'draft_read',
  'draft_create',
  'draft_update',
  'draft_delete',
  'draft_send',
  'webhook_read',
  'webhook_create',
  'webhook_update',
  'webhook_delete',
  'domain_read',
  'domain_create',
  'domain_update',
  'domain_delete',
  'list_entry_read',
  'list_entry_create',
  'list_entry_delete',
  'metrics_read',
  'api_key_read',
  'api_key_create',
  'api_key_update',
  'api_key_delete',
  'project_read',
  'project_create',
  'project_delete',
  // Of services that sign in with an agent's mailbox: kept for keys made elsewhere, and good for nothing here.
  'provider_connect',
  'provider_share_owner',
] as const

export type Permission = (typeof permissions)[number]

/** The key itself is never kept: `hash` is the SHA-256 of its whole text, `publicPart` the beginning that may be shown. */
export interface ApiKey {
  id: ApiKeyId
  orgId: OrgId
  projectId: ProjectId
  /** Restricts the key to its project; else the project is only where it makes things. */
  projectOnly: boolean
  /** Restricts the key to one mailbox. */
  mailboxId: MailboxId | null
  name: string
  publicPart: string
  hash: string
  scopes: Scope[]
  /** A white list inside the scopes; null is everything the scopes allow. */
  permissions: Permission[] | null
  usedAt: number | null
  expiresAt: number | null
  createdAt: number
  updatedAt: number
}
