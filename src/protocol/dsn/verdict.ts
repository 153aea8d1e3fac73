import { type Evidence, isHard, reasonFor } from './reason.ts'
import type { ReportedRecipient } from './report.ts'
import { refusedCommand } from './smtp-dialogue.ts'
import { findReplyCodes, findStatusCodes, mostTelling } from './status-code.ts'

/** What a report gives for one recipient, before it is judged. */
export interface Claim {
  address: string | null
  alias?: string | null
  originalRecipient?: string | null
  action: string | null
  /** The Status field (RFC 3464 §2.3.4). */
  status?: string | null
  diagnostic: string | null
  remoteMta?: string | null
  reportingMta?: string | null
  /** Lines of the notice about this recipient. */
  about: string
  /** The whole notice; only looked at when the rest says nothing. */
  notice: string
}

// Amazon's receiving rules answer with texts that the owner of the rule picks.
const RECEIPT_RULES = /^inbound-smtp\.[\w-]+\.amazonaws\.com\b/i

/** Judges a claim: code, reply, reason, and whether the address is dead. */
export function judge(claim: Claim): ReportedRecipient {
  const { status, pseudoStatus } = statusOf(claim)
  const said = `${claim.diagnostic ?? ''}\n${claim.about}`
  const replyCode = replyCodeOf(claim, status)
  const evidence: Evidence = {
    status: pseudoStatus ? null : status,
    command: refusedCommand(said) ?? (claim.about.trim() ? null : refusedCommand(claim.notice)),
    coded: !pseudoStatus || replyCode !== null,
    canned: RECEIPT_RULES.test(claim.reportingMta ?? ''),
    texts: [claim.diagnostic ?? '', claim.about, claim.notice],
  }
  const reason = claim.action === 'delivered' ? 'delivered' : reasonFor(evidence)
  return {
    address: claim.address,
    alias: claim.alias ?? null,
    originalRecipient: claim.originalRecipient ?? null,
    action: claim.action,
    status,
    pseudoStatus,
    replyCode,
    reason,
    hard: claim.action !== 'delayed' && claim.action !== 'delivered' && isHard(reason, status),
    diagnostic: claim.diagnostic?.trim() || claim.about.trim() || null,
    remoteMta: claim.remoteMta ?? null,
  }
}

function statusOf(claim: Claim): { status: string; pseudoStatus: boolean } {
  const failing = (codes: string[]) => (claim.action === 'delivered' ? codes : codes.filter((c) => c[0] !== '2'))
  const field = claim.status ? failing(findStatusCodes(claim.status)) : []
  const inDiagnostic = failing(findStatusCodes(claim.diagnostic ?? ''))
  const around = failing(findStatusCodes(`${claim.about}\n${claim.notice}`))
  // Where the server gave a code itself, the words around it are only the reporter's.
  const status = mostTelling([...inDiagnostic, ...field, ...(inDiagnostic.length > 0 ? [] : around)])
  if (status) return { status, pseudoStatus: false }
  return { status: `${pseudoClass(claim)}.0.0`, pseudoStatus: true }
}

function pseudoClass(claim: Claim): string {
  if (claim.action === 'delivered') return '2'
  const reply = findReplyCodes(claim.diagnostic ?? '')[0] ?? findReplyCodes(claim.about)[0]
  return reply?.[0] ?? (claim.action === 'delayed' ? '4' : '5')
}

// The reply whose class agrees with the code, for a transcript may hold several.
function replyCodeOf(claim: Claim, status: string): string | null {
  for (const text of [claim.diagnostic ?? '', claim.about, claim.notice]) {
    const codes = findReplyCodes(text)
    const fitting = codes.find((c) => c[0] === status[0]) ?? codes[0]
    if (fitting) return fitting
  }
  return null
}
