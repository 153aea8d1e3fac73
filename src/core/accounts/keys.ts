import { createHash, randomInt } from 'node:crypto'
import type { App } from '../app.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { type ApiKeyId, newId, type OrgId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Page, PageRequest } from '../paging.ts'
import { sameBytes } from '../secrets.ts'
import { type Caller, demand, may, reachOf } from './caller.ts'
import type { KeyChange } from './key-commands.ts'
import { type ApiKey, type Permission, permissions, type Scope } from './model.ts'
import { narrow } from './narrow.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ALL_SCOPES: Scope[] = ['read', 'write', 'admin']

/** The hash by which a key is found and kept. Keys are random, so one round of SHA-256 is enough. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** The caller that a key stands for; `unauthenticated` when it is unknown, revoked or expired. */
export async function authenticateKey(app: App, text: string): Promise<Caller> {
  const hash = hashKey(text)
  if (app.settings.rootKeyHash && sameBytes(Buffer.from(hash), Buffer.from(app.settings.rootKeyHash))) {
    return rootCaller(app)
  }
  const key = await app.store.read.accounts.keyByHash(hash)
  if (!key || (key.expiresAt !== null && key.expiresAt <= app.clock.now())) {
    throw new Failure('unauthenticated', 'Unknown API key')
  }
  app.keyUses.note(key.id, key.usedAt)
  const { id, orgId, projectId, projectOnly, name, scopes, mailboxId } = key
  const { permissions, expiresAt } = key
  return { orgId, projectId, projectOnly, keyId: id, keyName: name, scopes, permissions, mailboxId, expiresAt }
}

async function rootCaller(app: App): Promise<Caller> {
  const organization = await app.store.read.accounts.firstOrganization()
  const project = organization && (await app.store.read.accounts.defaultProject(organization.id))
  if (!project) throw new Failure('unavailable', 'The server is not set up yet')
  const restriction = { projectOnly: false, scopes: ALL_SCOPES, permissions: null, mailboxId: null, expiresAt: null }
  return { orgId: project.orgId, projectId: project.id, keyId: null, keyName: 'root', ...restriction }
}

export interface NewKey {
  name: string
  scopes?: Scope[]
  permissions?: Permission[] | null
  /** Id of the project it is to be confined to, or its maker's name for it. */
  project?: string | null
  /** Id or address of the mailbox it is to be restricted to. */
  mailbox?: string | null
  expiresAt?: number | null
}

/** Makes a key inside the caller's own rights. The text is answered here and never again. */
export async function createKey(app: App, caller: Caller, input: NewKey): Promise<{ key: ApiKey; text: string }> {
  const name = checkName(input.name)
  if (input.expiresAt && input.expiresAt <= app.clock.now()) throw invalid('expires_at', 'must be in the future')
  demand(caller, 'api_key_create')
  const within = await narrow(app, caller, { project: input.project ?? undefined })
  const mailbox = input.mailbox ? await reachMailbox(app, within, input.mailbox) : undefined
  const scopes = input.scopes ?? [...caller.scopes]
  const { permissions: white = null, expiresAt = null } = input
  const wanted = { scopes, permissions: white, mailboxId: mailbox?.id ?? null, expiresAt }
  refuseEscalation(caller, wanted)
  const { text, publicPart } = newKeyText()
  const key = await app.store.run('accounts.create-key', {
    key: {
      id: newId<ApiKeyId>(),
      orgId: caller.orgId,
      projectId: mailbox?.projectId ?? within.projectId,
      projectOnly: within.projectOnly,
      name,
      publicPart,
      hash: hashKey(text),
      ...wanted,
    },
  })
  return { key, text }
}

function checkName(text: string): string {
  const name = text.trim()
  if (name.length < 1 || name.length > 128) throw invalid('name', 'must have 1 to 128 characters')
  return name
}

type Rights = Pick<Caller, 'scopes' | 'permissions' | 'mailboxId' | 'expiresAt'>

// Every permission the new key would have, its maker must have too; a key of one mailbox only makes keys of that mailbox; and none
// makes a key that outlives it.
function refuseEscalation(caller: Caller, wanted: Rights): void {
  const made: Caller = { ...caller, ...wanted }
  const wider = caller.mailboxId !== null && wanted.mailboxId !== caller.mailboxId
  const longer = caller.expiresAt !== null && (wanted.expiresAt === null || wanted.expiresAt > caller.expiresAt)
  if (caller.permissions !== null && wanted.permissions === null) {
    throw new Failure('escalation', 'A key with a list of permissions cannot make one without', {
      reason: 'unrestricted',
    })
  }
  const permission = permissions.find((p) => may(made, p) && !may(caller, p))
  if (permission || wider || longer) {
    throw new Failure('escalation', 'A key cannot make a stronger key', permission ? { permission } : {})
  }
}

/** `inai_` + 8 characters that may be shown + 40 that may not: 238 bits. */
export function newKeyText(): { text: string; publicPart: string } {
  const publicPart = randomBase62(8)
  return { publicPart, text: `inai_${publicPart}_${randomBase62(40)}` }
}

/** Random letters and digits, six bits each but a little. */
export function randomBase62(length: number): string {
  return Array.from({ length }, () => BASE62[randomInt(62)]).join('')
}

/** The keys that the caller may see, newest first: those that reach no further than its own. */
export async function listKeys(app: App, caller: Caller, page: PageRequest): Promise<Page<ApiKey>> {
  demand(caller, 'api_key_read')
  return app.store.read.accounts.keys(reachOf(caller), page)
}

/** One key; any may look at itself. */
export async function getKey(app: App, caller: Caller, id: ApiKeyId): Promise<ApiKey> {
  if (id !== caller.keyId) demand(caller, 'api_key_read')
  return reachKey(app, caller, id)
}

async function reachKey(app: App, caller: Caller, id: ApiKeyId): Promise<ApiKey> {
  const key = await app.store.read.accounts.key(caller.orgId, id)
  if (!key || !isWithin(caller, key)) throw notFound('API key')
  return key
}

function isWithin(caller: Caller, key: ApiKey): boolean {
  const { projectId, mailboxId } = reachOf(caller)
  const confined = key.projectOnly || key.mailboxId !== null
  const inProject = projectId === null || (confined && key.projectId === projectId)
  return inProject && (mailboxId === null || key.mailboxId === mailboxId)
}

/** Changes a key's name or its white list, inside the caller's own rights: what is stronger than it stays as it is. */
export async function updateKey(
  app: App,
  caller: Caller,
  id: ApiKeyId,
  input: { name?: string; permissions?: Permission[] | null },
): Promise<ApiKey> {
  const change: KeyChange = input.name === undefined ? {} : { name: checkName(input.name) }
  demand(caller, 'api_key_update')
  const key = await reachKey(app, caller, id)
  if (input.permissions !== undefined) {
    refuseEscalation(caller, key)
    refuseEscalation(caller, { ...key, permissions: input.permissions })
    change.permissions = input.permissions
  }
  return app.store.run('accounts.update-key', { orgId: caller.orgId, id, change })
}

/** Revokes a key at once. A key may always revoke itself. */
export async function revokeKey(app: App, caller: Caller, id: ApiKeyId): Promise<void> {
  if (id !== caller.keyId) demand(caller, 'api_key_delete')
  await reachKey(app, caller, id)
  await app.store.run('accounts.delete-key', { orgId: caller.orgId, id })
}

/** A key for an organization, made by the operator from the command line. */
export async function issueKey(app: App, orgId: OrgId, input: NewKey): Promise<{ key: ApiKey; text: string }> {
  const project = await app.store.read.accounts.defaultProject(orgId)
  if (!project) throw new Failure('not_found', 'No such organization')
  const operator: Caller = {
    orgId,
    projectId: project.id,
    projectOnly: false,
    keyId: null,
    keyName: 'operator',
    scopes: ALL_SCOPES,
    permissions: null,
    mailboxId: null,
    expiresAt: null,
  }
  return createKey(app, operator, input)
}
