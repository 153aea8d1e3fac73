import { checkAttachments } from './attachments.ts'
import { checkFields, type SendRequest } from './draft.ts'
import { checkIdempotencyKey } from './once.ts'

/** Everything that is wrong with a request in itself, before permissions are asked for and anything is looked up. */
export function checkRequest(
  request: Omit<SendRequest, 'subject'> & { subject?: string | null },
  idempotencyKey: string | null,
): void {
  checkFields({ ...request, subject: request.subject ?? '' })
  checkAttachments(request.attachments)
  checkIdempotencyKey(idempotencyKey)
}
