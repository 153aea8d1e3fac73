import { sealArc } from '../../../protocol/arc/seal-arc.ts'
import { type DkimSigningKey, signDkim } from '../../../protocol/dkim/sign-dkim.ts'
import type { App } from '../../app.ts'
import type { Mailbox } from '../../mailboxes/model.ts'
import { recordKey } from '../dns-records.ts'
import type { Domain } from '../model.ts'
import { signingKey } from './key-box.ts'
import { type DkimKey, isOptional, nameOfKey } from './model.ts'

/** The message with the signatures of its domain in front; as it is when the domain has no key. */
export async function signAs(app: App, mailbox: Mailbox, message: Buffer): Promise<Buffer> {
  const keys = await keysOf(app, mailbox)
  if (keys.length === 0) return message
  return Buffer.concat([Buffer.from(signDkim(message, keys, { now: app.clock.now() }), 'latin1'), message])
}

/**
 * A signed message of ours with a first ARC set in front (RFC 8617), which puts on record what we found out about the mail it passes
 * on: `authResults` as in an Authentication-Results field. As it is when the domain has no RSA key: nobody reads other seals.
 */
export async function sealAs(app: App, mailbox: Mailbox, message: Buffer, authResults: string): Promise<Buffer> {
  const key = (await keysOf(app, mailbox)).find(({ algorithm }) => algorithm === 'rsa-sha256')
  if (!key) return message
  const set = sealArc(message, { ...key, authResults, chain: 'none', now: app.clock.now() })
  return Buffer.concat([Buffer.from(set), message])
}

async function keysOf(app: App, mailbox: Mailbox): Promise<DkimSigningKey[]> {
  const domain = await app.store.read.domains.usable(mailbox.orgId, mailbox.domain)
  // RFC 6376 §3.5 wants a dot in `d=`.
  if (!domain?.name.includes('.')) return []
  const known = await app.store.read.dkimKeys.ofDomain(domain.id)
  return known.filter((key) => isShown(domain, key)).flatMap((key) => openOrNone(app, domain, key) ?? [])
}

// A signature whose key nobody finds is worth nothing, and some judge it as a broken one.
function isShown(domain: Domain, key: DkimKey): boolean {
  if (!isOptional(domain, key)) return true
  return domain.states[recordKey('TXT', nameOfKey(domain, key))]?.status === 'valid'
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
