import type { Consignment } from '../../core/outbound/mail-sender.ts'
import { encodeData, endOfData } from '../../protocol/smtp/data-encoder.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { replyText } from '../../protocol/smtp/reply-reader.ts'
import { type Answer, brokenBy, refusedBy } from './answer.ts'
import { lacksEightBit, type Plan, plan } from './plan.ts'
import type { SmtpConnection } from './smtp-connection.ts'
import { SmtpError, type SmtpStage } from './smtp-error.ts'

/** What became of each recipient, in the words of this server. */
export type Answers = Map<string, Answer>

/**
 * One transaction (RFC 5321 §3.3) over an open session: an answer for each recipient, whatever the server does. The connection may
 * be used again when it still says `usable`.
 */
export async function deliverOver(connection: SmtpConnection, consignment: Consignment): Promise<Answers> {
  const { answers, mail, recipients, raw } = await planFor(connection, consignment)
  if (recipients.size === 0) return answers
  connection.transactions++
  const transaction = new Transaction(connection, answers)
  try {
    await transaction.run(mail, recipients, raw)
  } catch (error) {
    connection.destroy()
    if (!(error instanceof SmtpError)) throw error
    transaction.answerTheRest(brokenBy(connection.peer.host, error), recipients.keys())
  }
  return answers
}

// Only for a server that cannot take the message as it is: whoever signed it signed those bytes.
async function planFor(connection: SmtpConnection, consignment: Consignment): Promise<Plan & { raw: Buffer }> {
  const seven = lacksEightBit(connection, consignment.raw) ? await consignment.sevenBit?.() : null
  const raw = seven ?? consignment.raw
  return { ...plan(connection, { ...consignment, raw }), raw }
}

class Transaction {
  readonly #connection: SmtpConnection
  readonly #host: string
  readonly #answers: Answers

  constructor(connection: SmtpConnection, answers: Answers) {
    this.#connection = connection
    this.#host = connection.peer.host
    this.#answers = answers
  }

  /** `recipients` by the command that names each. */
  async run(mail: string, recipients: Map<string, string>, raw: Buffer): Promise<void> {
    const accepted = await this.#envelope(mail, recipients)
    if (accepted.length === 0) return this.#reset()
    const go = await this.#connection.command('DATA', 'DATA')
    if (go.code < 354) throw new SmtpError('protocol', 'DATA', `The server answered ${go.code} to DATA`)
    if (go.code > 354) {
      this.#answer(go, 'DATA', accepted)
      return this.#reset()
    }
    this.#answer(await this.#data(raw), 'end of data', accepted)
  }

  answerTheRest(answer: Answer, recipients: Iterable<string>): void {
    for (const recipient of recipients) if (!this.#answers.has(recipient)) this.#answers.set(recipient, answer)
  }

  /** MAIL and each RCPT, all at once where the server allows (RFC 2920); answers who was accepted. */
  async #envelope(mail: string, recipients: Map<string, string>): Promise<string[]> {
    const { pipelining } = this.#connection.extensions
    if (pipelining) this.#connection.send([mail, ...recipients.values()].join('\r\n'))
    else this.#connection.send(mail)
    const sender = wordOf(await this.#connection.reply('MAIL'), 'MAIL')
    const refused = !isYes(sender)
    if (refused) this.#answer(sender, 'MAIL', recipients.keys())
    const accepted: string[] = []
    for (const [recipient, command] of recipients) {
      if (refused && !pipelining) break
      if (!pipelining) this.#connection.send(command)
      const reply = wordOf(await this.#connection.reply('RCPT'), 'RCPT')
      if (refused) continue
      if (isYes(reply)) accepted.push(recipient)
      else this.#answer(reply, 'RCPT', [recipient])
      if (reply.code === 421) throw new SmtpError('refused', 'RCPT', replyText(reply), reply)
    }
    return accepted
  }

  async #data(raw: Buffer): Promise<SmtpReply> {
    const body = encodeData(raw)
    const connection = this.#connection
    const end = endOfData(body)
    // An answer before the end is the server's last word: it has stopped listening, or does not keep to the protocol.
    const complete = await writeUntilAnswered(connection, body)
    if (!complete) {
      const early = await connection.reply('message')
      connection.destroy()
      if (early.code < 400) throw new SmtpError('protocol', 'message', 'The server answered before the end')
      return early
    }
    return wordOf(await connection.command(end.slice(0, -2), 'end of data'), 'end of data')
  }

  #answer(reply: SmtpReply, stage: SmtpStage, recipients: Iterable<string>): void {
    for (const recipient of recipients) this.#answers.set(recipient, answerFrom(this.#host, reply, stage))
    // RFC 5321 §3.8: after 421 the server closes, whatever we say.
    if (reply.code === 421) this.#connection.quit()
  }

  async #reset(): Promise<void> {
    if (!this.#connection.usable) return
    const reply = await this.#connection.command('RSET', 'RSET')
    if (reply.code !== 250) this.#connection.quit()
  }
}

function isYes({ code }: SmtpReply): boolean {
  return code < 300
}

/** A yes or a no; what asks for more (3yz) has no place here. */
function wordOf(reply: SmtpReply, stage: SmtpStage): SmtpReply {
  if (reply.code >= 300 && reply.code < 400) throw new SmtpError('protocol', stage, `The server answered ${reply.code}`)
  return reply
}

function answerFrom(host: string, reply: SmtpReply, stage: SmtpStage): Answer {
  const answer = refusedBy(host, reply, stage)
  return isYes(reply) ? { ...answer, result: 'accepted' } : answer
}

async function writeUntilAnswered(connection: SmtpConnection, body: Buffer): Promise<boolean> {
  try {
    return await connection.write(body)
  } catch (error) {
    // It closed on us, but not without a word.
    if (connection.interrupted) return false
    throw error
  }
}
