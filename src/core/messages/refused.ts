import { Failure, notFound } from '../errors.ts'
import type { Filed } from './file-inbound.ts'

/** Why one copy was not taken; undefined for what its sender is to think was. */
export function refusalOfCopy(filed: Filed): Failure | undefined {
  if (filed.result === 'gone') return notFound('mailbox')
  if (filed.result === 'withheld') return tooLarge()
  if (filed.result !== 'dropped') return undefined
  if (filed.reason === 'too_large') return tooLarge()
  if (filed.reason === 'too_many_attachments') return new Failure('invalid', 'The message has too many attachments')
  return undefined
}

function tooLarge(): Failure {
  return new Failure('too_large', 'The message is larger than the mailbox takes')
}

/** Why nobody took a mail, where one answer stands for all its copies: none as long as any of them was taken. */
export function refusalOfAll(filed: readonly Filed[]): Failure | undefined {
  if (filed.some(({ result }) => result === 'withheld')) return tooLarge()
  const refusals = filed.map(refusalOfCopy)
  if (refusals.some((refusal) => refusal === undefined)) return undefined
  return (
    refusals.find((refusal) => refusal?.code === 'too_large') ??
    refusals.find((r) => r?.code === 'invalid') ??
    refusals[0]
  )
}
