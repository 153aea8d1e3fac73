import { opensWith } from '../core/domains/dkim-keys/key-box.ts'
import type { DkimKey } from '../core/domains/dkim-keys/model.ts'
import { isPublished } from '../core/domains/dkim-keys/rotate.ts'
import type { Domain } from '../core/domains/model.ts'
import type { Secrets } from '../core/secrets.ts'
import type { Store } from '../core/store.ts'
import { type DnsContext, isPrivate, unbelieved } from './dns.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** That the keys of a domain can be opened, and that the DNS shows them. */
export async function checkDkim(
  context: DnsContext & { store: Store; secrets: Secrets },
  domain: Domain,
): Promise<Finding[]> {
  const keys = await context.store.read.dkimKeys.ofDomain(domain.id)
  const inUse = keys.filter(({ state }) => state !== 'retired')
  return Promise.all(inUse.map((key) => checkKey(context, domain, key)))
}

async function checkKey(context: DnsContext & { secrets: Secrets }, domain: Domain, key: DkimKey): Promise<Finding> {
  const check = `dkim ${key.selector}._domainkey.${domain.name}`
  if (!opensWith(context.secrets, domain.name, key)) {
    const advice = 'Put the secret back that the key was made with (DATA/secret, POSTHOUSE_SECRET), or run: dkim rotate'
    return fail(check, 'The key cannot be opened with this secret', advice)
  }
  if (isPrivate(domain.name, context.config)) return ok(check, 'it opens')
  if (await isPublished(context, domain, key)) {
    if (key.state === 'active') return ok(check, 'published')
    return warn(check, 'published, but not in use', `Run: dkim rotate ${domain.name} --activate`)
  }
  const advice = `Run: dns ${domain.name}`
  if (key.state === 'pending') return warn(check, 'The next key is not published yet', advice)
  return { check, status: unbelieved(context.config), message: 'The key is not published', advice }
}
