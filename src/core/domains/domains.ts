import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { toAsciiDomain } from '../mailboxes/local-part.ts'
import type { Domain } from './model.ts'

/** The domain of this name that mail goes by, for the operator: the platform's, else a verified one, else the oldest. */
export async function domainNamed(app: App, name: string): Promise<Domain> {
  const ascii = toAsciiDomain(name)
  const [domain] = ascii ? await app.store.read.domains.byName(ascii) : []
  if (!domain) throw notFound('domain')
  return domain
}
