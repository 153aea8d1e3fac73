import type { Refusal, RefusalReply } from '../../refusal.ts'
import { type Answer, type Answers, answers, errorSchemaOf, replyWith } from '../errors.ts'

const rejected: Answer = [403, 'MessageRejectedError', 'message_rejected']

/** As the seed answers, but for what the official clients know otherwise. */
const official: Answers = {
  ...answers,
  taken: [403, 'IsTakenError', 'resource_taken'],
  fetch_failed: rejected,
}

export function toReply(refusal: Refusal, requestId: string): RefusalReply {
  return replyWith(official, refusal, requestId)
}

export const errorSchema = errorSchemaOf(official)
