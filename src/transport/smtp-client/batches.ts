import type { Consignment } from '../../core/outbound/mail-sender.ts'
import type { Answer } from './answer.ts'
import type { SmtpConnection } from './smtp-connection.ts'
import { type Answers, deliverOver } from './transaction.ts'

/** RFC 5321 §4.5.3.1.8 promises a hundred; many servers say 452 earlier. */
const MAX_RECIPIENTS = 50

/** Everything there is to say to this server, in as many transactions as it takes. Whom it broke off before has no answer. */
export async function deliverInBatches(connection: SmtpConnection, consignment: Consignment): Promise<Answers> {
  const answers: Answers = new Map()
  let left = consignment.recipients
  while (left.length > 0 && connection.usable) {
    const batch = left.slice(0, MAX_RECIPIENTS)
    const said = await deliverOver(connection, { ...consignment, recipients: batch })
    for (const [recipient, answer] of said) answers.set(recipient, answer)
    // RFC 5321 §4.5.3.1.10: who was one too many is named in the next transaction.
    const moved = [...said.values()].some((answer) => answer.result === 'accepted')
    const again = moved ? batch.filter((recipient) => isOneTooMany(said.get(recipient))) : []
    left = [...again, ...left.slice(MAX_RECIPIENTS)]
  }
  return answers
}

function isOneTooMany(answer: Answer | undefined): boolean {
  return answer?.replyCode === 452 || (answer?.replyCode === 552 && answer.result === 'temporary')
}
