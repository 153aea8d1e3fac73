import { type ArcResult, verifyArc } from '../../protocol/arc/verify-arc.ts'
import { vouchedFor } from '../../protocol/arc/vouched.ts'
import { type DkimResult, verifyDkim } from '../../protocol/dkim/verify-dkim.ts'
import { checkDmarc, type DmarcResult } from '../../protocol/dmarc/check.ts'
import { checkSpf, type SpfResult } from '../../protocol/spf/check.ts'
import type { App } from '../app.ts'
import type { Authentication, MailboxAddress } from './model.ts'

/** How long the DNS may keep a mail waiting. What is not known by then is a `temperror`, never a lost mail. */
const BUDGET_MS = 5_000

const noArc: ArcResult = { result: 'none', instances: 0, reason: null, sealers: [], results: null }

export interface Verdicts {
  authentication: Authentication
  /** Somebody we trust says that the author was genuine when the mail came there. */
  vouched: boolean
}

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
  return until(app, app.clock.now() + BUDGET_MS, check, noSpf('temperror'))
}

function noSpf(result: 'none' | 'temperror'): SpfResult {
  return { result, domain: '', explanation: null, mechanism: null }
}

/**
 * All verdicts on a mail from the outside. The signatures are checked while the mail is still being read for its author.
 * Never throws: what cannot be found out in time is a `temperror`.
 */
export async function authenticateMail(
  app: App,
  raw: Uint8Array,
  author: Promise<readonly MailboxAddress[]>,
  spfCheck: Promise<SpfResult>,
): Promise<Verdicts> {
  const { resolver } = app
  const now = app.clock.now()
  const deadline = now + BUDGET_MS
  const [spf, dkim, arc, from] = await Promise.all([
    spfCheck,
    until<Signature[]>(app, deadline, verifyDkim(raw, { resolver, now }), [unknownSignature]),
    until<ArcResult>(app, deadline, verifyArc(raw, { resolver, now }), noArc),
    author,
  ])
  const fromDomains = from.map(({ address }) => address.slice(address.lastIndexOf('@') + 1).toLowerCase())
  const signatures = dkim.map((d) => ({ result: d.result, domain: d.domain ?? '' }))
  const check = checkDmarc({ fromDomains, spf, dkim: signatures, resolver })
  const unknown = { result: 'temperror' as const, policy: null, domain: fromDomains[0] ?? null }
  const dmarc = await until<Pick<DmarcResult, 'result' | 'policy' | 'domain'>>(app, deadline, check, unknown)
  const authentication = {
    spf: { result: spf.result, domain: spf.domain || null, explanation: spf.explanation },
    dkim: dkim.map(toSignature),
    dmarc: { result: dmarc.result, policy: dmarc.policy, domain: dmarc.domain },
    arc: { result: arc.result },
  }
  return { authentication, vouched: vouchedFor(arc, app.settings.trustedSealers) }
}

type Signature = Pick<DkimResult, 'result' | 'domain' | 'selector' | 'algorithm' | 'reason'>

const unknownSignature: Signature = {
  result: 'temperror',
  domain: null,
  selector: null,
  algorithm: null,
  reason: 'the DNS did not answer in time',
}

function toSignature({ result, domain, selector, algorithm, reason }: Signature): Authentication['dkim'][number] {
  return { result, domain, selector, algorithm, reason }
}

/** Mail from a mailbox here: this server is the one the domain's owner trusts, and it let only the owner of the address send. */
export function authenticLocally(domain: string): Authentication {
  return {
    spf: { result: 'pass', domain, explanation: null },
    dkim: [{ result: 'none', domain: null, selector: null, algorithm: null, reason: null }],
    dmarc: { result: 'pass', policy: null, domain },
    arc: { result: 'none' },
  }
}

// Bugs in a verifier must not lose mail either; they are logged and the verdict stays open.
async function until<T>(app: App, deadline: number, work: Promise<T>, late: T): Promise<T> {
  let cancel = () => {}
  const timeout = new Promise<T>((resolve) => {
    cancel = app.clock.at(deadline, () => resolve(late))
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
