import type { SmtpReply } from '../../protocol/smtp/reply.ts'

/** Ends a command with this reply. For what the protocol refuses; what the product refuses is a `Failure`. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly reply: SmtpReply

  constructor(code: number, enhancedCode: string, text: string) {
    super(text)
    this.reply = reply(code, enhancedCode, text)
  }
}

export function reply(code: number, enhancedCode: string | null, ...lines: string[]): SmtpReply {
  return { code, enhancedCode, lines }
}

export const badSequence = (text: string) => new Refusal(503, '5.5.1', text)
export const badArgument = (text: string) => new Refusal(501, '5.5.4', text)
