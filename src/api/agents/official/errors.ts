import { Failure } from '../../../core/errors.ts'
import type { Refusal, RefusalReply } from '../../refusal.ts'
import { type Answer, type Answers, answers, errorSchemaOf, type Named, replyWith } from '../errors.ts'

const rejected: Answer = [403, 'MessageRejectedError', 'message_rejected']

/** As the seed answers, but for what the official clients know otherwise. */
const official: Answers = {
  ...answers,
  taken: [403, 'IsTakenError', 'resource_taken'],
  fetch_failed: rejected,
}

const named: Named = { unrestricted: 'unrestricted_key_required', range_too_wide: 'query_range_too_wide' }

export function toReply(refusal: Refusal, requestId: string): RefusalReply {
  const unaddressed = refusal instanceof Failure && refusal.reason === 'no_recipients'
  const told = unaddressed ? new Failure('unprocessable', 'At least one recipient is required') : refusal
  return replyWith(official, told, requestId, named)
}

export const errorSchema = errorSchemaOf(official, named)
