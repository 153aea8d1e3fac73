import { Failure, notFound } from '../errors.ts'
import type { ApiKeyId, MailboxId, OrgId, ProjectId } from '../ids.ts'
import type { Permission, Scope } from './model.ts'

/** Who is asking, and what for they may ask. Made by authentication, trusted from there on. */
export interface Caller {
  orgId: OrgId
  projectId: ProjectId
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
  return permission.startsWith('api_key_') || permission.startsWith('domain_') ? 'admin' : 'write'
}

const includes: Record<Scope, readonly Scope[]> = {
  read: ['read'],
  write: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
}

/** True when the caller's scopes and white list both allow it. */
export function may(caller: Caller, permission: Permission): boolean {
  const scope = scopeOf(permission)
  const inScope = caller.scopes.some((held) => includes[held].includes(scope))
  return inScope && (caller.permissions === null || caller.permissions.includes(permission))
}

/** Refuses what the caller may not do. */
export function demand(caller: Caller, permission: Permission): void {
  if (!may(caller, permission)) {
    throw new Failure('forbidden', `This key lacks the permission ${permission}`, { permission })
  }
}

/** Refuses, as if it were not there, a mailbox outside the caller's restriction. */
export function demandMailbox(caller: Caller, mailbox: MailboxId): void {
  if (caller.mailboxId !== null && caller.mailboxId !== mailbox) throw notFound('mailbox')
}

/** Refuses keys of one mailbox where the whole organization is meant. */
export function demandWholeOrganization(caller: Caller, permission: Permission): void {
  demand(caller, permission)
  if (caller.mailboxId !== null) {
    throw new Failure('forbidden', 'This key is restricted to one mailbox', { permission })
  }
}
