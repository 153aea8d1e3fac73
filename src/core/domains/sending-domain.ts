import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { Mailbox } from '../mailboxes/model.ts'

/** Refuses to send from a domain that its organization has not, or not any more, verified. */
export async function refuseUnverified(app: App, { orgId, domain }: Mailbox): Promise<void> {
  const found = await app.store.read.domains.usable(orgId, domain)
  if (found?.status !== 'verified') {
    throw new Failure('domain_not_verified', `The domain ${domain} is not verified, so nothing is sent from it`)
  }
}

/** True when the owner of the mailbox's domain wants reports on its mail filed like mail. */
export async function wantsReports(app: App, { orgId, domain }: Mailbox): Promise<boolean> {
  return (await app.store.read.domains.usable(orgId, domain))?.feedbackEnabled ?? true
}
