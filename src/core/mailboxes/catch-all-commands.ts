import { invalid, notFound } from '../errors.ts'
import type { MailboxId, OrgId } from '../ids.ts'
import type { Tx } from '../store.ts'

/** Takes the place of the one that the domain had. */
export async function putCatchAll(tx: Tx, input: { orgId: OrgId; id: MailboxId; domain: string }): Promise<void> {
  const { orgId, id, domain } = input
  const mailbox = await tx.mailboxes.get(orgId, id)
  if (!mailbox) throw notFound('mailbox')
  if ((await tx.domains.usable(orgId, domain))?.status !== 'verified') {
    throw invalid('domain', 'is not a verified domain of the organization that has the mailbox')
  }
  const address = { address: catchAllKey(domain), mailboxId: id, orgId, createdAt: tx.now }
  await tx.mailboxes.putAddress({ ...address, kind: 'catch_all' })
}

export async function clearCatchAll(tx: Tx, { domain }: { domain: string }): Promise<void> {
  if (!(await tx.mailboxes.removeAddress(catchAllKey(domain)))) throw notFound('catch-all mailbox')
}

/** Where it is kept among the addresses. It is none itself, so nobody can write to it, ask for it or make a mailbox of that name. */
export function catchAllKey(domain: string): string {
  return `@${domain}`
}
