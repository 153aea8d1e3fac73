import { DnsError } from '../../../protocol/dns/resolver.ts'
import type { App } from '../../app.ts'
import { Failure } from '../../errors.ts'
import { domainNamed } from '../domains.ts'
import type { Domain } from '../model.ts'
import type { NewDkimKey } from './commands.ts'
import { newKey } from './key-box.ts'
import { type DkimKey, isOptional, nameOfKey } from './model.ts'

/** Gives a new domain its first keys, under the selectors `dkim` and `dkim-ed`; every domain that is made goes through here. */
export async function ensureDkimKeys(app: App, domain: Domain): Promise<void> {
  if ((await app.store.read.dkimKeys.ofDomain(domain.id)).length > 0) return
  const keys = await newKeys(app, domain)
  await app.store.run('dkim-keys.add-first', { domainId: domain.id, keys })
}

/**
 * Begins a rotation: new keys under new selectors, to be published while the old ones go on signing. Asked again before they are in
 * use, it answers the same keys.
 */
export async function rotateDkimKeys(app: App, domainName: string): Promise<DkimKey[]> {
  const domain = await domainNamed(app, domainName)
  const known = await app.store.read.dkimKeys.ofDomain(domain.id)
  const pending = known.filter((key) => key.state === 'pending')
  if (pending.length > 0) return pending
  const day = dayOf(app.clock.now(), new Set(known.map((key) => key.selector)))
  const keys = await newKeys(app, domain, `-${day}`)
  return app.store.run('dkim-keys.add', { domainId: domain.id, keys })
}

/** Ends a rotation, when the DNS shows the new keys; `force` asks no DNS. */
export async function activateDkimKeys(app: App, domainName: string, options: { force: boolean }): Promise<DkimKey[]> {
  const domain = await domainNamed(app, domainName)
  const known = await app.store.read.dkimKeys.ofDomain(domain.id)
  for (const key of known) {
    if (key.state !== 'pending' || options.force || isOptional(domain, key)) continue
    if (await isPublished(app, domain, key)) continue
    throw new Failure('unprocessable', `${nameOfKey(domain, key)} is not published yet`)
  }
  return app.store.run('dkim-keys.activate', { domainId: domain.id })
}

/** True when the DNS shows this key, however its strings are cut and spaced. */
export async function isPublished(app: Pick<App, 'resolver'>, domain: Domain, key: DkimKey): Promise<boolean> {
  try {
    const records = await app.resolver.txt(nameOfKey(domain, key))
    return records.some((strings) => keyIn(strings.join('')) === keyIn(key.publicRecord))
  } catch (error) {
    if (error instanceof DnsError) return false
    throw error
  }
}

function keyIn(record: string): string {
  return /(?:^|;)\s*p=([^;]*)/.exec(record)?.[1]?.replace(/\s/g, '') ?? ''
}

/** The keys that a domain signs with: RSA, which everybody verifies, and beside it Ed25519 (RFC 8463 §3). */
export function newKeys(app: App, { id }: Pick<Domain, 'id'>, suffix = ''): Promise<NewDkimKey[]> {
  return Promise.all([
    newKey(app.secrets, id, `dkim${suffix}`, 'rsa-sha256'),
    newKey(app.secrets, id, `dkim-ed${suffix}`, 'ed25519-sha256'),
  ])
}

/** `20261121`, with a number behind it from the second rotation of a day on. */
function dayOf(now: number, taken: ReadonlySet<string>): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
  for (let n = 1; ; n++) {
    const name = n === 1 ? day : `${day}-${n}`
    if (!taken.has(`dkim-${name}`)) return name
  }
}
