import type { SmtpReply } from '../../protocol/smtp/reply.ts'

/** What a client waits for. `end of data`: the last dot is out, and the message may have been taken whatever happens now. */
export type SmtpStage =
  | 'connect'
  | 'greeting'
  | 'EHLO'
  | 'STARTTLS'
  | 'TLS handshake'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'message'
  | 'end of data'
  | 'RSET'

/** `refused`: the server said no, in `reply`. `untrusted`: no TLS, or no certificate, that the policy accepts. */
export type SmtpErrorKind = 'unreachable' | 'timeout' | 'lost' | 'protocol' | 'tls' | 'untrusted' | 'refused'

/** A session that cannot go on. */
export class SmtpError extends Error {
  override name = 'SmtpError'
  readonly kind: SmtpErrorKind
  readonly stage: SmtpStage
  readonly reply: SmtpReply | null
  constructor(kind: SmtpErrorKind, stage: SmtpStage, text: string, reply: SmtpReply | null = null) {
    super(text)
    this.kind = kind
    this.stage = stage
    this.reply = reply
  }

  /** RFC 3463's name for it; null where the server has spoken itself. */
  get enhancedCode(): string | null {
    return this.reply ? this.reply.enhancedCode : codes[this.kind]
  }
}

const codes: Record<SmtpErrorKind, string> = {
  unreachable: '4.4.1',
  timeout: '4.4.2',
  lost: '4.4.2',
  protocol: '4.5.0',
  tls: '4.7.5',
  untrusted: '4.7.5',
  refused: '4.0.0',
}
