import { sameAddress, toAddress } from './addresses.ts'
import { linesByAddress } from './free-form.ts'
import type { ReportedRecipient } from './report.ts'
import { type FieldGroup, firstValue, readFieldGroups, untyped } from './status-fields.ts'
import { judge } from './verdict.ts'

export interface DeliveryStatus {
  recipients: ReportedRecipient[]
  envelopeId: string | null
  messageId: string | null
}

const OF_RECIPIENT = ['final-recipient', 'original-recipient', 'action', 'status', 'diagnostic-code']

/**
 * Reads the fields of RFC 3464 (and 6533). `notice` is the text beside them, which often says more than
 * Diagnostic-Code; `failed` are the addresses of X-Failed-Recipients, for reports that name a program or a file as the recipient.
 */
export function readDeliveryStatus(fields: string, notice: string, failed: readonly string[]): DeliveryStatus {
  const groups = readFieldGroups(fields)
  const ofRecipients = groups.filter((g) => OF_RECIPIENT.some((name) => g.has(name)))
  const ofMessage = groups.filter((g) => !ofRecipients.includes(g))
  const single = ofRecipients.length === 1
  const about = linesByAddress(notice)
  const reportingMta = untyped(firstOf(groups, 'reporting-mta'))
  return {
    recipients: ofRecipients.map((g) =>
      toRecipient(g, { notice, about, single, reportingMta, failed: single ? (failed[0] ?? null) : null }),
    ),
    envelopeId: firstOf([...ofMessage, ...ofRecipients], 'original-envelope-id'),
    messageId: firstOf([...ofMessage, ...ofRecipients], 'x-original-message-id'),
  }
}

function firstOf(groups: readonly FieldGroup[], name: string): string | null {
  return groups.map((g) => firstValue(g, name)).find((v) => v !== null) ?? null
}

interface Context {
  notice: string
  about: (address: string) => string
  single: boolean
  failed: string | null
  reportingMta: string | null
}

function toRecipient(group: FieldGroup, context: Context): ReportedRecipient {
  const { notice, single, failed } = context
  const final = firstValue(group, 'final-recipient')
  const original = toAddress(untyped(firstValue(group, 'original-recipient')))
  const routed = /;\s*@[^:]*:/.test(final ?? '')
  const tried = routed ? null : toAddress(untyped(final))
  const address = tried ?? original ?? failed ?? toAddress(untyped(final))
  return judge({
    address,
    alias: aliasOf(group, address, original),
    originalRecipient: original,
    action: actionOf(group),
    status: firstValue(group, 'status'),
    diagnostic: untyped(firstValue(group, 'diagnostic-code')),
    remoteMta: untyped(firstValue(group, 'remote-mta')),
    reportingMta: context.reportingMta,
    about: address ? context.about(address) : '',
    notice: single ? notice : '',
  })
}

function aliasOf(group: FieldGroup, address: string | null, original: string | null): string | null {
  const actual = untyped(firstValue(group, 'x-actual-recipient'))
  if (actual && !sameAddress(actual, address)) return actual
  return original && !sameAddress(original, address) ? original : null
}

function actionOf(group: FieldGroup): string | null {
  const action = /^[\w-]+/.exec(firstValue(group, 'action') ?? '')?.[0].toLowerCase() ?? null
  // Address verification answers "deliverable"; relayed and expanded mail left us well too (RFC 3464 §2.3.3).
  return action && ['deliverable', 'relayed', 'expanded'].includes(action) ? 'delivered' : action
}
