import { Failure } from '../errors.ts'
import type { Message, MessageContent } from '../messages/model.ts'
import type { Tx } from '../store.ts'

type Answer = { message: Pick<Message, 'mailboxId' | 'inReplyTo'>; content: Pick<MessageContent, 'headers'> }

/**
 * Refuses an automatic answer to what is automatic itself, or went to a list (RFC 3834 §2): two machines would write to each other for
 * ever. An answer is automatic when it says so; those that do not are slowed by the pace of their thread.
 */
export async function refuseLoopingAnswer(tx: Tx, { message, content }: Answer): Promise<void> {
  if (message.inReplyTo === null || !saysAutomatic(content.headers)) return
  const answered = await tx.messages.byMessageId(message.mailboxId, message.inReplyTo)
  if (answered?.direction !== 'inbound') return
  const original = await tx.messages.content(answered.id)
  if (original && takesNoAutomaticAnswer(original))
    throw new Failure('rejected', 'An automatic answer to automatic mail would go round for ever')
}

type Field = MessageContent['headers'][number]

function saysAutomatic(headers: readonly Field[]): boolean {
  return headers.some(({ name, value }) => name.toLowerCase() === 'auto-submitted' && !/^\s*no\b/i.test(value))
}

function takesNoAutomaticAnswer({ headers, envelope }: Pick<MessageContent, 'headers' | 'envelope'>): boolean {
  return envelope?.mailFrom === '' || saysAutomatic(headers) || headers.some(asksForNone)
}

function asksForNone({ name, value }: Field): boolean {
  const lower = name.toLowerCase()
  if (lower === 'precedence') return /^\s*(?:bulk|list|junk|auto_reply)\b/i.test(value)
  if (lower === 'x-auto-response-suppress') return /\b(?:all|oof|autoreply)\b/i.test(value)
  return lower === 'list-id' || lower === 'list-unsubscribe'
}
