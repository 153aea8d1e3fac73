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
  return replyWith(official, refusal, requestId, named)
}

export const errorSchema = errorSchemaOf(official, named)
