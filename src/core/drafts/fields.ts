import { htmlToText } from '../../protocol/reading/html-text.ts'
import { previewOf } from '../../protocol/reading/preview.ts'
import { invalid } from '../errors.ts'
import { checkFields, MAX_RECIPIENTS } from '../outbound/draft.ts'
import type { FullDraft } from './model.ts'

/** What a caller writes into a draft: addresses are texts. */
export interface DraftFields {
  to: string[]
  cc: string[]
  bcc: string[]
  replyTo: string[]
  subject: string | null
  text: string | null
  html: string | null
}

type Checked = Pick<FullDraft, keyof DraftFields>

/** The fields, checked; a draft may lack whatever a message must have. */
export function checkDraftFields(fields: DraftFields): Checked {
  const { to, cc, bcc } = fields
  if (to.length + cc.length + bcc.length > MAX_RECIPIENTS) {
    throw invalid('to', `at most ${MAX_RECIPIENTS} recipients in to, cc and bcc together`)
  }
  const bare = { labels: [], attachments: [], headers: {} }
  const { labels: _, headers: __, ...checked } = checkFields({ ...fields, ...bare, subject: fields.subject ?? '' })
  return { ...checked, subject: checked.subject || null }
}

/** Refuses a time that has come already. */
export function checkSendAt(sendAt: number | null | undefined, now: number): void {
  if (sendAt !== null && sendAt !== undefined && sendAt <= now) throw invalid('send_at', 'must be in the future')
}

/** The first words, for lists. */
export function previewOfDraft({ text, html }: Pick<FullDraft, 'text' | 'html'>): string | null {
  return previewOf(text ?? (html === null ? '' : htmlToText(html)))
}
