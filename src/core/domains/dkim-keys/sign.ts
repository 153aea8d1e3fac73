import { type DkimSigningKey, signDkim } from '../../../protocol/dkim/sign-dkim.ts'
import type { App } from '../../app.ts'
import type { Mailbox } from '../../mailboxes/model.ts'
import type { Domain } from '../model.ts'
import { signingKey } from './key-box.ts'
import type { DkimKey } from './model.ts'

/** The message with the signatures of its domain in front; as it is when the domain has no key. */
export async function signAs(app: App, mailbox: Mailbox, message: Buffer): Promise<Buffer> {
  const domain = await app.store.read.domains.usable(mailbox.orgId, mailbox.domain)
  // RFC 6376 §3.5 wants a dot in `d=`.
  if (!domain?.name.includes('.')) return message
  const known = await app.store.read.dkimKeys.ofDomain(domain.id)
  const keys = known.flatMap((key) => openOrNone(app, domain, key) ?? [])
  if (keys.length === 0) return message
  return Buffer.concat([Buffer.from(signDkim(message, keys, { now: app.clock.now() }), 'latin1'), message])
}

// Under another master secret no key opens. Mail without a signature still arrives in most places, and a rotation mends it.
function openOrNone(app: App, domain: Domain, key: DkimKey): DkimSigningKey | undefined {
  try {
    return signingKey(app.secrets, domain.name, key)
  } catch (error) {
    const { selector } = key
    app.log.error(
      { err: error, domain: domain.name, selector },
      'a DKIM key does not open: has POSTHOUSE_SECRET changed?',
    )
    return undefined
  }
}
