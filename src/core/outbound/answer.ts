import type { RecipientReply } from './mail-sender.ts'

/** What became of one delivery in one attempt, whoever said so: a peer, our own mailboxes, the sandbox, a suppression. */
export type Answer = Omit<RecipientReply, 'recipient' | 'result'> & {
  result: RecipientReply['result'] | 'captured' | 'suppressed'
}
