import { DataDecoder } from '../../protocol/smtp/data-decoder.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { badArgument, badSequence, Refusal, reply } from './refusal.ts'
import type { Session } from './session.ts'
import type { Spool } from './spool.ts'

/** How far beyond the limit a client may go before it is cut off instead of being listened to until its end. */
const MAX_EXCESS = 4
/** For a whole message, so that a byte now and then does not hold a connection for ever. */
const MAX_DURATION_MS = 60 * 60_000

/** DATA (RFC 5321 §4.1.1.4). The `250` at its end means that the mail is on disk. */
export async function data(session: Session, argument: string): Promise<SmtpReply> {
  const { transaction } = session
  if (argument !== '') throw badArgument('DATA takes no argument')
  if (!transaction) throw badSequence('Say MAIL first')
  // RFC 2920 §3.1: a client that pipelines sends DATA whatever became of its recipients.
  if (transaction.accepted === 0) throw new Refusal(554, '5.5.1', 'No recipient was accepted')
  session.transaction = null
  await session.send(reply(354, null, 'Send the message, end with <CR><LF>.<CR><LF>'))
  await using spool = session.spool()
  const trouble = await readMessage(session, spool)
  session.patience.messageRead()
  if (trouble) throw trouble
  using _share = await session.budget.take(spool.sizeBytes)
  const answer = await transaction.finish(spool)
  session.patience.forgive()
  return answer
}

/** Reads to the end of the message, whatever is wrong with it: the client hears of it then. */
async function readMessage(session: Session, spool: Spool): Promise<Refusal | undefined> {
  const maxMessageBytes = session.service.maxMessageBytes(session.app.settings)
  const until = session.app.clock.now() + MAX_DURATION_MS
  const decoder = new DataDecoder()
  let bytes = 0
  let trouble: Refusal | undefined
  for (;;) {
    const { content, rest } = decoder.feed(await session.readChunk(until))
    bytes += content.length
    if (bytes > maxMessageBytes * MAX_EXCESS) throw session.end(reply(552, '5.3.4', 'The message is far too large'))
    if (bytes > maxMessageBytes) trouble ??= new Refusal(552, '5.3.4', `The limit is ${maxMessageBytes} bytes`)
    if (decoder.smuggling) trouble ??= new Refusal(554, '5.5.2', 'A dot stands alone between bare line ends')
    if (!trouble) trouble = await keep(session, spool, content)
    if (rest) {
      session.unread(rest)
      return trouble
    }
  }
}

async function keep(session: Session, spool: Spool, content: Buffer): Promise<Refusal | undefined> {
  try {
    await spool.write(content)
    return undefined
  } catch (error) {
    session.app.log.error({ err: error }, 'the spool folder takes no mail')
    return new Refusal(452, '4.3.1', 'No room for the message now')
  }
}
