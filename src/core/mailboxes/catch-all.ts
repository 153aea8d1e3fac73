import type { App } from '../app.ts'
import { invalid, notFound } from '../errors.ts'
import { canonicalOrNone } from './canonical.ts'
import { catchAllKey } from './catch-all-commands.ts'
import { toAsciiDomain } from './local-part.ts'
import type { Mailbox } from './model.ts'

/** Lets mail to the unknown addresses of a domain come into the mailbox with this address, or with null into none. */
export async function setCatchAll(app: App, domainName: string, address: string | null): Promise<void> {
  const domain = toAsciiDomain(domainName)
  if (domain === undefined) throw invalid('domain', 'must be a domain name')
  if (address === null) {
    await app.store.run('mailboxes.clear-catch-all', { domain })
    return
  }
  const canonical = canonicalOrNone(address)
  const mailbox = canonical === undefined ? undefined : await app.store.read.mailboxes.byAddress(canonical)
  if (!mailbox) throw notFound('mailbox')
  await app.store.run('mailboxes.set-catch-all', { orgId: mailbox.orgId, id: mailbox.id, domain })
}

/** Where mail to an unknown address of this domain goes. Its organization may have lost the domain meanwhile. */
export async function catchAllOf(app: App, domain: string): Promise<Mailbox | undefined> {
  const mailbox = await app.store.read.mailboxes.byAddress(catchAllKey(domain))
  const usable = mailbox && (await app.store.read.domains.usable(mailbox.orgId, domain))
  return usable?.status === 'verified' ? mailbox : undefined
}
