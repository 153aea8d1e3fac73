import { findField, type HeaderField, readHead, unfold } from '../mime/header-fields.ts'
import { findAddresses, toAddress } from './addresses.ts'
import { isAutomatic } from './automatic.ts'
import { looksLikeBounce } from './bounce-signs.ts'
import { decodeWords } from './decode-words.ts'
import { readDeliveryStatus } from './delivery-status.ts'
import { complaint, readFeedback } from './feedback.ts'
import { linesByAddress, readBlocks, readCuedAddresses } from './free-form.ts'
import { headFields, type Notice, readNotice, statusSections } from './notice.ts'
import type { Report, ReportedRecipient } from './report.ts'
import { readSections, recoverSections, type Section, sectionText } from './sections.ts'
import { readSesNotification } from './ses-notification.ts'
import { firstValue, readFieldGroups } from './status-fields.ts'
import { judge } from './verdict.ts'

interface Mail {
  fields: HeaderField[]
  subject: string
  sections: Section[]
  notice: Notice
}

/**
 * Reads a bounce, delay or delivery notice, a complaint or an automatic reply: RFC 3464 and 6533, RFC 5965, and the
 * notices of mail servers that know neither. Null for a mail that a person wrote, or a program for another purpose.
 * Anybody can write such a mail: it must be matched to a delivery of ours before it is believed.
 */
export function readReport(message: Uint8Array): Report | null {
  const mail = openMail(message)
  return (
    readFeedbackReport(mail) ?? readStatusReport(mail) ?? readSes(mail) ?? readFreeForm(mail) ?? readAutoReply(mail)
  )
}

function openMail(message: Uint8Array): Mail {
  const { fields } = readHead(message, 0, message.length, 1000)
  const sections = readSections(message)
  const subject = decodeWords(unfold(findField(fields, 'subject')?.value ?? '').slice(0, 1000))
  const mail = { fields, subject, sections, notice: readNotice(sections) }
  return statusSections(sections).length === 0 ? (recover(message, mail) ?? mail) : mail
}

// Only in mail that is a bounce by its looks: people paste such things too.
function recover(message: Uint8Array, mail: Mail): Mail | null {
  if (!looksLikeBounce(mail.fields, mail.subject, mail.notice.text)) return null
  const sections = recoverSections(message)
  return statusSections(sections).length > 0 ? { ...mail, sections, notice: readNotice(sections) } : null
}

function readFeedbackReport(mail: Mail): Report | null {
  const part = mail.sections.find((s) => s.type === 'message/feedback-report')
  if (part) {
    const groups = readFieldGroups(sectionText(part))
    const report = toReport('complaint', readFeedback(groups, mail.notice), mail, true)
    const envelopeId = groups.map((g) => firstValue(g, 'original-envelope-id')).find((v) => v !== null)
    return { ...report, originalEnvelopeId: envelopeId ?? null }
  }
  // Hotmail's complaints carry the mail only, under this subject.
  const carried = mail.sections.some((s) => s.type === 'message/rfc822')
  if (!carried || !/^\s*complaint about message from\b/i.test(mail.subject)) return null
  return toReport('complaint', readFeedback([], mail.notice), mail, false)
}

function readStatusReport(mail: Mail): Report | null {
  const parts = statusSections(mail.sections)
  const text = parts.map(sectionText).join('\n\n')
  if (parts.length === 0 && !hasStatusFields(mail)) return null
  const failed = failedRecipientsField(mail.fields)
  const told = readDeliveryStatus(parts.length > 0 ? text : mail.notice.text, mail.notice.text, failed)
  const recipients = told.recipients.length > 0 ? told.recipients : freeFormRecipients(mail)
  if (recipients.length === 0) return null
  const report = toReport(kindOf(recipients), recipients, mail, parts.length > 0)
  return {
    ...report,
    originalEnvelopeId: told.envelopeId,
    originalMessageId: report.originalMessageId ?? told.messageId,
  }
}

// Some servers write the fields of RFC 3464 into their text.
function hasStatusFields({ fields, subject, notice }: Mail): boolean {
  if (!/^Final-Recipient: ?/im.test(notice.text) || !/^(?:Action|Status):/im.test(notice.text)) return false
  return looksLikeBounce(fields, subject, notice.text)
}

function readSes(mail: Mail): Report | null {
  const told =
    mail.notice.text.startsWith('{') || /^\s*\{/.test(mail.notice.text) ? readSesNotification(mail.notice.text) : null
  if (!told || told.recipients.length === 0) return null
  const recipients = told.recipients.map(({ address, action, status, diagnostic }) =>
    told.kind === 'complaint'
      ? complaint(toAddress(address), told.feedbackType ?? 'abuse')
      : judge({ address: toAddress(address), action, status, diagnostic, about: '', notice: '' }),
  )
  return { ...toReport(told.kind, recipients, mail, false), originalMessageId: told.messageId }
}

function readFreeForm(mail: Mail): Report | null {
  if (!looksLikeBounce(mail.fields, mail.subject, mail.notice.text)) return null
  const recipients = freeFormRecipients(mail)
  const known = recipients.length > 0 ? recipients : [judge({ ...claimOf(mail), address: null, about: '' })]
  return toReport(kindOf(known), known, mail, false)
}

function freeFormRecipients(mail: Mail): ReportedRecipient[] {
  const { text } = mail.notice
  const claim = claimOf(mail)
  const named = failedRecipientsField(mail.fields)
  const blocks = readBlocks(text)
  const inLines = linesByAddress(text)
  const inBlocks = new Map(blocks.map((b) => [b.address.toLowerCase(), b.text]))
  const about = (address: string) => inBlocks.get(address.toLowerCase()) ?? inLines(address)
  if (named.length > 0) return named.map((address) => judge({ ...claim, address, about: about(address) }))
  if (blocks.length > 0) return blocks.map((b) => judge({ ...claim, address: b.address, about: b.text }))
  const sender = toAddress(unfold(findField(mail.fields, 'to')?.value ?? ''))
  const cued = readCuedAddresses(text, sender)
  const found = cued.length > 0 ? cued : originalRecipients(mail)
  return found.map((address) => judge({ ...claim, address, about: found.length > 1 ? about(address) : '' }))
}

function claimOf(mail: Mail) {
  return { action: actionOf(mail), diagnostic: null, notice: mail.notice.text.slice(0, 16_384) }
}

const DELAYED =
  /\bdelay(?:ed)?\b|warning message only|warning only|not yet been delivered|will be retried|still being retried|temporary failure report/i

function actionOf(mail: Mail): string {
  return DELAYED.test(mail.subject) || DELAYED.test(mail.notice.text.slice(0, 2000)) ? 'delayed' : 'failed'
}

function failedRecipientsField(fields: readonly HeaderField[]): string[] {
  const value = unfold(findField(fields, 'x-failed-recipients')?.value ?? '').slice(0, 20_000)
  return value.split(',', 100).flatMap((v) => toAddress(v) ?? [])
}

// Only one recipient can be meant when the original had only one.
function originalRecipients(mail: Mail): string[] {
  const to = unfold(findField(headFields(mail.notice.originalHead), 'to')?.value ?? '')
  const found = findAddresses(to.slice(0, 2000))
  return found.length === 1 ? found : []
}

function kindOf(recipients: readonly ReportedRecipient[]): Report['kind'] {
  if (recipients.every((r) => r.action === 'delivered')) return 'delivered'
  return recipients.every((r) => r.action === 'delayed') ? 'delayed' : 'bounce'
}

function readAutoReply(mail: Mail): Report | null {
  if (isAutomatic(mail.fields).kind !== 'auto-replied') return null
  const from = toAddress(unfold(findField(mail.fields, 'from')?.value ?? ''))
  const answered = { ...complaint(from, ''), reason: 'auto_reply' as const }
  delete answered.feedbackType
  return {
    ...toReport('auto_reply', [answered], mail, false),
    originalMessageId: messageIdOf(mail.fields, 'in-reply-to'),
  }
}

function toReport(kind: Report['kind'], recipients: ReportedRecipient[], mail: Mail, hasReport: boolean): Report {
  const original = headFields(mail.notice.originalHead)
  return {
    kind,
    hasReport,
    recipients,
    originalMessageId: messageIdOf(original, 'message-id') ?? messageIdOf(mail.fields, 'in-reply-to'),
    originalEnvelopeId: null,
    originalHeaders: mail.notice.originalHead,
  }
}

function messageIdOf(fields: readonly HeaderField[], name: string): string | null {
  return /<[^<>\s]{1,990}>/.exec(unfold(findField(fields, name)?.value ?? '').slice(0, 4000))?.[0] ?? null
}
