import type { Consignment } from '../../core/outbound/mail-sender.ts'
import { encodeData, endOfData } from '../../protocol/smtp/data-encoder.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { replyText } from '../../protocol/smtp/reply-reader.ts'
import { type Answer, brokenBy, refusedBy, refusedHere } from './answer.ts'
import { plan } from './plan.ts'
import type { SmtpConnection } from './smtp-connection.ts'
import { SmtpError } from './smtp-error.ts'

/** What became of each recipient, in the words of this server. */
export type Answers = Map<string, Answer>

/**
 * One transaction (RFC 5321 §3.3) over an open session: an answer for each recipient, whatever the server does. The connection may
 * be used again when it still says `usable`.
 */
export async function deliverOver(connection: SmtpConnection, consignment: Consignment): Promise<Answers> {
  const { answers, mail, recipients } = plan(connection, consignment)
  if (recipients.size === 0) return answers
  connection.transactions++
  const transaction = new Transaction(connection, answers)
  try {
    await transaction.run(mail, recipients, consignment.raw)
  } catch (error) {
    connection.destroy()
    if (!(error instanceof SmtpError)) throw error
    transaction.answerTheRest(brokenBy(connection.peer.host, error), recipients.keys())
  }
  return answers
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
    if (go.code !== 354) {
      this.#answer(go, accepted)
      return this.#reset()
    }
    this.#answer(await this.#data(raw), accepted)
  }

  answerTheRest(answer: Answer, recipients: Iterable<string>): void {
    for (const recipient of recipients) if (!this.#answers.has(recipient)) this.#answers.set(recipient, answer)
  }

  /** MAIL and each RCPT, all at once where the server allows (RFC 2920); answers who was accepted. */
  async #envelope(mail: string, recipients: Map<string, string>): Promise<string[]> {
    const { pipelining } = this.#connection.extensions
    if (pipelining) this.#connection.send([mail, ...recipients.values()].join('\r\n'))
    const sender = pipelining ? await this.#connection.reply('MAIL') : await this.#connection.command(mail, 'MAIL')
    const refused = sender.code !== 250
    if (refused) this.#answer(sender, recipients.keys())
    const accepted: string[] = []
    for (const [recipient, command] of recipients) {
      if (refused && !pipelining) break
      if (!pipelining) this.#connection.send(command)
      const reply = await this.#connection.reply('RCPT')
      if (refused) continue
      if (isYes(reply)) accepted.push(recipient)
      else this.#answer(reply, [recipient])
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
    return connection.command(end.slice(0, -2), 'end of data')
  }

  #answer(reply: SmtpReply, recipients: Iterable<string>): void {
    for (const recipient of recipients) this.#answers.set(recipient, this.#answerFrom(reply))
    // RFC 5321 §3.8: after 421 the server closes, whatever we say.
    if (reply.code === 421) this.#connection.quit()
  }

  #answerFrom(reply: SmtpReply): Answer {
    if (reply.code >= 400) return refusedBy(this.#host, reply)
    const { code, enhancedCode } = reply
    if (isYes(reply)) return { ...refusedBy(this.#host, reply), result: 'accepted' }
    return refusedHere(this.#host, 451, enhancedCode ?? '4.5.0', `The server answered ${code} out of turn`)
  }

  async #reset(): Promise<void> {
    if (!this.#connection.usable) return
    const reply = await this.#connection.command('RSET', 'RSET')
    if (reply.code !== 250) this.#connection.quit()
  }
}

function isYes({ code }: SmtpReply): boolean {
  return code >= 200 && code < 300
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
