import { type MethodResult, renderAuthenticationResults } from '../../protocol/authentication-results/render.ts'
import { unfold } from '../../protocol/mime/header-fields.ts'
import type { Authentication, Envelope } from './model.ts'

/** Our verdicts as the field that readers of mail look for (RFC 8601), on one line. */
export function resultsField(
  host: string,
  envelope: Pick<Envelope, 'mailFrom' | 'helo'>,
  { spf, dkim, dmarc, arc }: Authentication,
): { name: string; value: string } {
  const results: MethodResult[] = [
    { method: 'spf', result: spf.result as MethodResult['result'], properties: spfProperties(envelope) },
    ...dkim.map(toDkimResult),
    {
      method: 'dmarc',
      result: dmarc.result as MethodResult['result'],
      ...(dmarc.domain ? { properties: { 'header.from': dmarc.domain } } : {}),
    },
    { method: 'arc', result: arc.result as MethodResult['result'] },
  ]
  return { name: 'Authentication-Results', value: unfold(renderAuthenticationResults(host, results)) }
}

function spfProperties({
  mailFrom,
  helo,
}: Pick<Envelope, 'mailFrom' | 'helo'>): NonNullable<MethodResult['properties']> {
  return mailFrom === '' ? { 'smtp.helo': helo ?? '' } : { 'smtp.mailfrom': mailFrom }
}

function toDkimResult({ result, domain, selector, reason }: Authentication['dkim'][number]): MethodResult {
  return {
    method: 'dkim',
    result: result as MethodResult['result'],
    ...(reason === null ? {} : { reason }),
    properties: {
      ...(domain === null ? {} : { 'header.d': domain }),
      ...(selector === null ? {} : { 'header.s': selector }),
    },
  }
}
