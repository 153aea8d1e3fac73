import { type ArcResult, verifyArc } from '../../protocol/arc/verify-arc.ts'
import { type DkimResult, verifyDkim } from '../../protocol/dkim/verify-dkim.ts'
import { checkDmarc, type DmarcResult } from '../../protocol/dmarc/check.ts'
import { checkSpf, type SpfResult } from '../../protocol/spf/check.ts'
import type { App } from '../app.ts'
import type { Authentication, MailboxAddress } from './model.ts'

/** How long the DNS may keep a mail waiting. What is not known by then is a `temperror`, never a lost mail. */
const BUDGET_MS = 5_000

export interface Session {
  mailFrom: string
  helo: string | null
  remoteAddress: string | null
}

/** SPF can begin as soon as MAIL FROM is known, while the message is still on its way. */
export async function judgeSender(app: App, session: Session): Promise<SpfResult> {
  const { mailFrom, helo, remoteAddress } = session
  if (!remoteAddress) return noSpf('none')
  const check = checkSpf({
    ip: remoteAddress,
    helo: helo ?? '',
    mailFrom,
    resolver: app.resolver,
    receiver: app.settings.mailHost,
  })
  return within(app, check, noSpf('temperror'))
}

function noSpf(result: 'none' | 'temperror'): SpfResult {
  return { result, domain: '', explanation: null, mechanism: null }
}

/** All verdicts on a mail from the outside. Never throws: what cannot be found out is a `temperror`. */
export async function authenticateMail(
  app: App,
  raw: Uint8Array,
  from: readonly MailboxAddress[],
  spfCheck: Promise<SpfResult>,
): Promise<Authentication> {
  const { resolver } = app
  const now = app.clock.now()
  const [spf, dkim, arc] = await Promise.all([
    spfCheck,
    within(app, verifyDkim(raw, { resolver, now }), [] as DkimResult[]),
    within<Pick<ArcResult, 'result'>>(app, verifyArc(raw, { resolver, now }), { result: 'none' }),
  ])
  const fromDomains = from.map((a) => a.address.slice(a.address.lastIndexOf('@') + 1).toLowerCase())
  const signatures = dkim.map((d) => ({ result: d.result, domain: d.domain ?? '' }))
  const check = checkDmarc({ fromDomains, spf, dkim: signatures, resolver })
  const unknown = { result: 'temperror' as const, policy: null, domain: fromDomains[0] ?? null }
  const dmarc = await within<Pick<DmarcResult, 'result' | 'policy' | 'domain'>>(app, check, unknown)
  return {
    spf: { result: spf.result, domain: spf.domain || null, explanation: spf.explanation },
    dkim: dkim.map(({ result, domain, selector, algorithm, reason }) => ({
      result,
      domain,
      selector,
      algorithm,
      reason,
    })),
    dmarc: { result: dmarc.result, policy: dmarc.policy, domain: dmarc.domain },
    arc: { result: arc.result },
  }
}

/** Mail from a mailbox here: this server is the one the domain's owner trusts, and it let only the owner of the address send. */
export function authenticLocally(domain: string): Authentication {
  return {
    spf: { result: 'pass', domain, explanation: null },
    dkim: [],
    dmarc: { result: 'pass', policy: null, domain },
    arc: { result: 'none' },
  }
}

// Bugs in a verifier must not lose mail either; they are logged and the verdict stays open.
async function within<T>(app: App, work: Promise<T>, late: T): Promise<T> {
  let cancel = () => {}
  const timeout = new Promise<T>((resolve) => {
    cancel = app.clock.at(app.clock.now() + BUDGET_MS, () => resolve(late))
  })
  try {
    return await Promise.race([work, timeout])
  } catch (error) {
    app.log.error({ err: error }, 'an authentication check failed')
    return late
  } finally {
    cancel()
  }
}
