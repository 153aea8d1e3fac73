import { findField, type HeaderField, unfold } from '../mime/header-fields.ts'
import { findAddresses, toAddress } from './addresses.ts'
import { headFields, type Notice } from './notice.ts'
import type { ReportedRecipient } from './report.ts'
import { type FieldGroup, untyped } from './status-fields.ts'

/** Recipients of the mail that a feedback report (RFC 5965) is about; one with a null address when it hides them. */
export function readFeedback(groups: readonly FieldGroup[], notice: Notice): ReportedRecipient[] {
  const values = (name: string) => groups.flatMap((g) => g.get(name) ?? [])
  const feedbackType = (values('feedback-type')[0] ?? 'abuse').toLowerCase()
  const named = values('original-rcpt-to').map((v) => toAddress(untyped(v)))
  const known = named.filter((a) => a !== null)
  const addresses = known.length > 0 ? known : complainants(notice, values('original-mail-from'))
  return (addresses.length > 0 ? addresses : [null]).map((address) => complaint(address, feedbackType))
}

export function complaint(address: string | null, feedbackType: string): ReportedRecipient {
  return {
    address,
    alias: null,
    originalRecipient: null,
    action: null,
    status: null,
    pseudoStatus: false,
    replyCode: null,
    reason: 'complaint',
    hard: false,
    diagnostic: null,
    remoteMta: null,
    feedbackType,
  }
}

// Without Original-Rcpt-To the carried message tells: the one it was written to, else where it was delivered.
function complainants(notice: Notice, senders: readonly string[]): string[] {
  const fields = headFields(notice.originalHead)
  const own = senders.map((s) => toAddress(s)?.toLowerCase())
  const to = addressesOf(fields, 'to')
  const candidates = [
    addressesOf(fields, 'x-hmxmroriginalrecipient'),
    to.length === 1 ? to : [],
    addressesOf(fields, 'x-original-to'),
    addressesOf(fields, 'delivered-to'),
  ]
  const others = candidates.map((list) => list.filter((a) => !own.includes(a.toLowerCase())))
  return others.find((list) => list.length > 0) ?? []
}

function addressesOf(fields: readonly HeaderField[], name: string): string[] {
  return findAddresses(unfold(findField(fields, name)?.value ?? '').slice(0, 2000)).slice(0, 20)
}
