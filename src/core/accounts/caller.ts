import { Failure } from '../errors.ts'
import type { ApiKeyId, MailboxId, OrgId, ProjectId } from '../ids.ts'
import type { Permission, Scope } from './model.ts'

/** Who is asking, and what for they may ask. Made by authentication, trusted from there on. */
export interface Caller {
  orgId: OrgId
  /** Where what it makes is put. */
  projectId: ProjectId
  /** Set when it sees nothing outside that project. */
  projectOnly: boolean
  /** Null for the root key, which is no row. */
  keyId: ApiKeyId | null
  keyName: string
  scopes: readonly Scope[]
  permissions: readonly Permission[] | null
  /** Set when the key opens this mailbox only. */
  mailboxId: MailboxId | null
  /** When the key ends; null for one that does not. */
  expiresAt: number | null
}

/** Which scope an action takes at least. */
export function scopeOf(permission: Permission): Scope {
  if (permission.endsWith('_read')) return permission === 'api_key_read' ? 'admin' : 'read'
  return administrative.some((of) => permission.startsWith(of)) ? 'admin' : 'write'
}

/** Who has no key: nothing is theirs, and they may do nothing. */
export const nobody: Caller = {
  ...{ orgId: 'nobody' as OrgId, projectId: 'nobody' as ProjectId, projectOnly: true, keyId: null, keyName: 'nobody' },
  ...{ scopes: [], permissions: [], mailboxId: null, expiresAt: null },
}

const administrative = ['api_key_', 'domain_', 'project_']

const includes: Record<Scope, readonly Scope[]> = {
  read: ['read'],
  write: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
}

function holds(caller: Caller, scope: Scope): boolean {
  return caller.scopes.some((held) => includes[held].includes(scope))
}

/** Refuses keys that lack a scope. Which mailboxes they reach and what their list of permissions says is asked later. */
export function demandScope(caller: Caller, scope: Scope): void {
  if (!holds(caller, scope)) throw new Failure('forbidden', `This key lacks the scope ${scope}`)
}

/** True when the caller's scopes and white list both allow it. */
export function may(caller: Caller, permission: Permission): boolean {
  return holds(caller, scopeOf(permission)) && (caller.permissions === null || caller.permissions.includes(permission))
}

/** Refuses what the caller may not do. */
export function demand(caller: Caller, permission: Permission): void {
  if (!may(caller, permission)) {
    throw new Failure('forbidden', `This key lacks the permission ${permission}`, { permission })
  }
}

/** How far somebody sees: the whole organization, one project of it, or one mailbox. What lists are confined to. */
export interface Reach {
  orgId: OrgId
  /** Null is every project. */
  projectId: ProjectId | null
  /** Null is every mailbox of these projects. */
  mailboxId: MailboxId | null
}

export function reachOf({ orgId, projectId, projectOnly, mailboxId }: Caller): Reach {
  return { orgId, projectId: projectOnly ? projectId : null, mailboxId }
}

/** The reach of nobody in particular: everything that an organization has. */
export function wholeOrganization(orgId: OrgId): Reach {
  return { orgId, projectId: null, mailboxId: null }
}

/** True when the caller sees one project or one mailbox only. */
export function isConfined(caller: Caller): boolean {
  return caller.projectOnly || caller.mailboxId !== null
}

/** True when the mailbox, or what lives in it, is the caller's to see. */
export function reaches(caller: Caller, mailbox: { id: MailboxId; orgId: OrgId; projectId: ProjectId }): boolean {
  const { orgId, projectId, mailboxId } = reachOf(caller)
  if (mailbox.orgId !== orgId) return false
  return (projectId === null || mailbox.projectId === projectId) && (mailboxId === null || mailbox.id === mailboxId)
}

/** Refuses keys of one mailbox where several are meant: those of a project, or of the organization. */
export function demandManyMailboxes(caller: Caller, permission: Permission): void {
  demand(caller, permission)
  if (caller.mailboxId !== null) {
    throw new Failure('forbidden', 'This key is restricted to one mailbox', { permission })
  }
}

/** Refuses keys of one mailbox or project where the whole organization is meant. */
export function demandWholeOrganization(caller: Caller, permission: Permission): void {
  demandManyMailboxes(caller, permission)
  if (caller.projectOnly) throw new Failure('forbidden', 'This key is restricted to one project', { permission })
}
