import { createKey, dropKey, updateKey } from '../accounts/key-commands.ts'
import type { ApiKey } from '../accounts/model.ts'
import { createOrganization } from '../accounts/organization-commands.ts'
import type { ApiKeyId, DomainId, OrgId } from '../ids.ts'
import { createMailbox } from '../mailboxes/commands.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Tx } from '../store.ts'
import type { SignUp } from './model.ts'

const CODE_MS = 24 * 3_600_000
const CODE_TRIES = 10
/** A human gets no more than one code in this time, however often somebody signs up in their name. */
const CODE_EVERY_MS = 60_000
const UNVERIFIED = { mailboxLimit: 1, domainLimit: 0 }
const VERIFIED = { mailboxLimit: 100, domainLimit: 10 }

export interface NewSignUp {
  humanEmail: string
  localPart: string
  domain: { id: DomainId; name: string }
  key: Pick<ApiKey, 'id' | 'publicPart' | 'hash'>
  codeHash: string
  source: string | null
  referrer: string | null
}

/**
 * Makes an organization with an inbox and a key for a human; when they have one, that one gets a new key. Before it was verified the old
 * key dies at once. After, whoever knows the address must not get in by it: the new key opens nothing, and the old one stays, until the
 * code is given. `mails` is false when the human was just sent a code, which is still good.
 */
export async function signUp(tx: Tx, input: NewSignUp): Promise<{ mailbox: Mailbox; mails: boolean }> {
  await tx.hold(`sign-up ${input.humanEmail}`)
  const known = await tx.signUps.byHumanEmail(input.humanEmail)
  const orgId = known?.orgId ?? (await found(tx, input)).id
  await tx.accounts.lockOrganization(orgId)
  const mailbox = await mailboxFor(tx, orgId, known, input)
  const { id: keyId } = await addKey(tx, mailbox, input, known?.verifiedAt ? [] : null)
  const fresh = known && known.codeTries < CODE_TRIES && tx.now - known.codeMadeAt < CODE_EVERY_MS
  const code = fresh ? {} : { codeHash: input.codeHash, codeMadeAt: tx.now, codeTries: 0 }
  const keys = known ? await rotate(tx, known, keyId) : { keyId, nextKeyId: null }
  const { humanEmail, source, referrer, codeHash } = input
  const started = { orgId, humanEmail, source, referrer, codeHash, codeMadeAt: tx.now, codeTries: 0, verifiedAt: null }
  const counted = { sendsSince: tx.now, sends: 0, createdAt: tx.now }
  await tx.signUps.put({
    ...{ ...started, ...counted, ...known, ...code, ...keys },
    ...{ mailboxId: mailbox.id, updatedAt: tx.now },
  })
  return { mailbox, mails: !fresh }
}

function found(tx: Tx, { localPart }: NewSignUp) {
  return createOrganization(tx, { name: localPart, ...UNVERIFIED })
}

async function mailboxFor(tx: Tx, orgId: OrgId, known: SignUp | undefined, input: NewSignUp): Promise<Mailbox> {
  const existing = known && (await tx.mailboxes.get(orgId, known.mailboxId))
  if (existing) return existing
  const project = await tx.accounts.defaultProject(orgId)
  if (!project) throw new Error('An organization has a default project')
  const { id: domainId, name: domain } = input.domain
  const names = { localPart: input.localPart, domain, domainId, displayName: null, clientId: null }
  return (await createMailbox(tx, { orgId, projectId: project.id, ...names })).mailbox
}

async function addKey(tx: Tx, { orgId }: Mailbox, { key }: NewSignUp, permissions: [] | null): Promise<ApiKey> {
  const project = await tx.accounts.defaultProject(orgId)
  if (!project) throw new Error('An organization has a default project')
  const everything = { projectOnly: false, mailboxId: null, expiresAt: null }
  return createKey(tx, {
    key: {
      ...key,
      orgId,
      projectId: project.id,
      name: 'sign-up',
      scopes: ['read', 'write', 'admin'],
      permissions,
      ...everything,
    },
  })
}

async function rotate(tx: Tx, known: SignUp, keyId: ApiKeyId): Promise<Pick<SignUp, 'keyId' | 'nextKeyId'>> {
  if (known.nextKeyId) await dropKey(tx, { orgId: known.orgId, id: known.nextKeyId })
  if (known.verifiedAt !== null) return { keyId: known.keyId, nextKeyId: keyId }
  await dropKey(tx, { orgId: known.orgId, id: known.keyId })
  return { keyId, nextKeyId: null }
}

/** `wrong`: another try is left. `dead`: too old, or tried too often; a new sign-up makes a new code. `none`: nobody signed up. */
export type Verification = 'verified' | 'wrong' | 'dead' | 'none'

/** Tries a code. A wrong one is counted, in the same commit. */
export async function verifySignUp(
  tx: Tx,
  input: { orgId: OrgId; keyId: ApiKeyId | null; codeHash: string },
): Promise<Verification> {
  await tx.accounts.lockOrganization(input.orgId)
  const known = await tx.signUps.get(input.orgId)
  if (!known) return 'none'
  const waits = known.nextKeyId !== null && known.nextKeyId === input.keyId
  if (known.verifiedAt !== null && !waits) return 'verified'
  if (known.codeTries >= CODE_TRIES || tx.now - known.codeMadeAt >= CODE_MS) return 'dead'
  if (known.codeHash !== input.codeHash) {
    await tx.signUps.put({ ...known, codeTries: known.codeTries + 1, updatedAt: tx.now })
    return 'wrong'
  }
  const keys = waits ? await open(tx, known, input.orgId) : {}
  if (known.verifiedAt === null) await tx.accounts.updateLimits(input.orgId, VERIFIED, tx.now)
  // A code is good once.
  const spent = { codeTries: CODE_TRIES, verifiedAt: known.verifiedAt ?? tx.now, updatedAt: tx.now }
  await tx.signUps.put({ ...known, ...keys, ...spent })
  return 'verified'
}

async function open(tx: Tx, known: SignUp, orgId: OrgId): Promise<Pick<SignUp, 'keyId' | 'nextKeyId'>> {
  const next = known.nextKeyId && (await tx.accounts.key(orgId, known.nextKeyId))
  if (!next) return { keyId: known.keyId, nextKeyId: null }
  await updateKey(tx, { orgId, id: next.id, change: { permissions: null } })
  await dropKey(tx, { orgId, id: known.keyId })
  return { keyId: next.id, nextKeyId: null }
}
