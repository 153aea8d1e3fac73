import type { App } from '../app.ts'
import type { RecheckDomains } from '../jobs/model.ts'
import type { Domain } from './model.ts'
import { checkDomain } from './own-domains.ts'

export const RECHECK_LOOK_MS = 3_600_000
const BITE = 20

/** One bite of the daily look at the records of all domains. Answers the next bite, or the look in an hour. */
export async function recheckDomains(app: App, task: RecheckDomains): Promise<{ task: RecheckDomains; runAt: number }> {
  const now = app.clock.now()
  const due = await app.store.read.domains.due(now, BITE)
  await Promise.all(due.map((domain) => recheck(app, domain)))
  return { task, runAt: due.length === BITE ? now : now + RECHECK_LOOK_MS }
}

async function recheck(app: App, domain: Domain): Promise<void> {
  const { orgId, name } = domain
  if (orgId === null) return
  try {
    // First, so that one that cannot be checked is not the first in the line for ever.
    await app.store.run('domains.begin-check', { orgId, name, everyMs: 0 })
    const { domain: after } = await checkDomain(app, orgId, domain, { asked: false })
    if (after.status !== domain.status)
      app.log.info({ domain: name, status: after.status }, 'a domain changed its status')
  } catch (error) {
    app.log.warn({ err: error, domain: name }, 'a domain could not be checked')
  }
}
