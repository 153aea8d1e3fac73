import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { recordKey, trackingName } from './dns-records.ts'

/** Refuses to send from a domain that its organization has not, or not any more, verified. */
export async function refuseUnverified(app: App, { orgId, domain }: Mailbox): Promise<void> {
  const found = await app.store.read.domains.usable(orgId, domain)
  if (found?.status !== 'verified') {
    throw new Failure('domain_not_verified', `The domain ${domain} is not verified, so nothing is sent from it`)
  }
}

/** Refuses to have opened mail told by a domain that does not want it, or whose DNS does not say so yet. */
export async function refuseUntracked(app: App, { orgId, domain }: Mailbox): Promise<void> {
  const found = await app.store.read.domains.usable(orgId, domain)
  if (!found?.trackingEnabled) throw new Failure('unprocessable', `Tracking is not enabled for ${domain}`)
  const record = found.states[recordKey('CNAME', trackingName(found.name))]
  if (record?.status === 'valid') return
  throw new Failure('unprocessable', `The DNS does not show ${trackingName(found.name)}, which tracking needs`)
}

/** True when the owner of the mailbox's domain wants reports on its mail filed like mail. */
export async function wantsReports(app: App, { orgId, domain }: Mailbox): Promise<boolean> {
  return (await app.store.read.domains.usable(orgId, domain))?.feedbackEnabled ?? true
}
