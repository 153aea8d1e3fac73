import type { ArcResult } from './verify-arc.ts'

/**
 * True when the last to handle a mail is somebody we believe and says that its author was genuine when it came there
 * (RFC 8617 §5.2.1). Anybody can seal, so a chain that merely passes says nothing. `trusted` holds domains, in lower case.
 */
export function vouchedFor({ result, sealers, results }: ArcResult, trusted: ReadonlySet<string>): boolean {
  const sealer = sealers.at(-1)?.toLowerCase()
  return result === 'pass' && sealer !== undefined && trusted.has(sealer) && DMARC_PASS.test(bare(results ?? ''))
}

const DMARC_PASS = /;\s{0,100}dmarc\s{0,10}=\s{0,10}pass(?![a-z])/i

/** Without quoted texts and comments, which may hold what the mail itself says. */
function bare(results: string): string {
  return results
    .slice(0, 10_000)
    .replace(/"(?:[^"\\]|\\.)*"/gs, '')
    .replace(/\([^()]*\)/g, '')
    .replace(/\([^()]*\)/g, '')
}
