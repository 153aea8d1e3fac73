import type { Risk, RiskFinding } from '../../protocol/reading/risk.ts'
import type { Authentication, Source } from './model.ts'
import type { ParsedMail } from './parser.ts'

/** Why a mail is kept out of default lists, whatever mailbox it came to. */
export interface Suspicion {
  spam: boolean
  unauthenticated: boolean
}

/** The test text of spam filters (GTUBE): the one thing everybody agrees on. */
const GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'

/**
 * Only clear grounds count: the owner of the author's domain asks not to believe the mail (DMARC), and nobody we trust vouches for it.
 * What other filters wrote into the header fields is not believed, since the sender may have written it. Mail that did not come over
 * SMTP was judged by whoever took it.
 */
export function suspect(
  source: Source,
  parsed: Pick<ParsedMail, 'text' | 'html'>,
  { dmarc }: Authentication,
  vouched: boolean,
): Suspicion {
  const refused = dmarc.result === 'fail' && (dmarc.policy === 'reject' || dmarc.policy === 'quarantine')
  return {
    spam: [parsed.text, parsed.html].some((body) => body?.includes(GTUBE)),
    unauthenticated: source === 'smtp' && refused && !vouched,
  }
}

/** The risk as its reader should know it, once it is known who vouches for the author. */
export function withSuspicion(risk: Risk | null, { unauthenticated, spam }: Suspicion): Risk | null {
  const told = [...(unauthenticated ? [UNAUTHENTICATED] : []), ...(spam ? [SPAM] : [])]
  if (told.length === 0) return risk
  return { level: 'high', findings: [...told, ...(risk?.findings ?? [])] }
}

const UNAUTHENTICATED: RiskFinding = {
  code: 'unauthenticated-sender',
  level: 'high',
  explanation: 'The domain of the author asks not to believe mail that fails its checks, and this one fails them',
}

const SPAM: RiskFinding = {
  code: 'spam',
  level: 'high',
  explanation: 'It holds the text that marks a mail as unwanted for filters under test',
}
