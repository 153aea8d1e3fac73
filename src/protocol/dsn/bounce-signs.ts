import { findField, type HeaderField, unfold } from '../mime/header-fields.ts'
import { findReplyCodes, findStatusCodes } from './status-code.ts'

const DAEMONS =
  /(?:^|[<\s"(])(?:mailer[-_.]?daemon|mail[-_.]?daemon|mail\.delivery\.system|bounces?[-_]handler)\b|mail deliver[yi]?(?:y)? (?:sub)?system|mail deliver system/i
const POSTMASTERS =
  /(?:^|[<\s"(])(?:post[-_]?master|mail-?admin|administrator)@|system administrator|microsoft outlook/i
const ROBOTS = /(?:^|[<\s"(])(?:no-?reply|do-?not-?reply|mailer|notification|postoffice|staff)[\w.-]*@/i

const SUBJECTS =
  /^(?:\W{0,3})(?:undeliver|delivery (?:status|failure|notification|report|has failed|unsuccessful)|failure notice|failed (?:mail|delivery|to deliver)|mail (?:delivery|system error|could not|failure|status|error)|message (?:delivery|status|you sent blocked|could not)|returned (?:mail|to sender)|return(?:ed|ing) message|postmaster notify|non-?deliver|non remis|nicht zugestellt|unzustellbar|unable to deliver|could not (?:be )?deliver|there was an error sending|sorry, your message could not|permanent delivery failure|warning: (?:could not send|message)|delayed mail|notice: mail delivery|nondeliverable|email delivery|rejected mail|errore|devolución|échec|message non distribu|недостав|не доставл|loop alert|postfix smtp server)/i

const SENTENCES =
  /(?:could|can|did|was|were|has|have|is|been|be)(?: ?not|n't) (?:be |been )?(?:yet been |able to be )?(?:deliver|reach|sent|send)|unable to deliver|undeliver|not delivered|deliver(?:y|ing)[^.\n]{0,80} (?:failed|has failed|delayed|aborted|error)|delivery (?:failed|failure|error)|deliver your m|permanent (?:fatal )?(?:error|failure)|delivery errors|returned mail|(?:mail|message)[^.\n]{0,40} (?:rejected|returned|bounced)|mail could not|trouble delivering|error(?:s)? (?:was |were )?(?:occurred|delivering|message below|while)|did not reach|failed (?:to deliver|permanently)|had (?:permanent |fatal |delivery )*errors|exceeds allowed size|mailbox is full|failure reasons|transcript of session/i

/** Whether a mail without a machine-readable part looks like a bounce: who sent it, and what it says. */
export function looksLikeBounce(fields: readonly HeaderField[], subject: string, text: string): boolean {
  const from = unfold(findField(fields, 'from')?.value ?? '').slice(0, 500)
  if (findField(fields, 'x-failed-recipients')) return true
  const opening = text.slice(0, 4000)
  const says = SENTENCES.test(opening)
  const coded = findReplyCodes(opening).length > 0 || findStatusCodes(opening).length > 0
  const titled = SUBJECTS.test(subject.trim())
  if (DAEMONS.test(from) || from === '<>' || /^mailer-daemon$/i.test(from)) return says || coded || titled
  // Auto-responders of people have a null sender too: it takes a title and a sentence.
  if (hasNullSender(fields) && titled && (says || coded)) return true
  if (POSTMASTERS.test(from)) return (says && (titled || coded)) || (titled && coded)
  return ROBOTS.test(from) && saysItOfMail(opening) && (titled || opening.includes('@'))
}

function hasNullSender(fields: readonly HeaderField[]): boolean {
  const returnPath = findField(fields, 'return-path')
  return returnPath !== undefined && unfold(returnPath.value) === '<>'
}

function saysItOfMail(text: string): boolean {
  return /\b(?:mail|message|e-?mail)\b[^@]{0,120}(?:could not be delivered|undeliverable|unable to deliver|not delivered)/i.test(
    text,
  )
}
