import { SmtpConnection, type SmtpOptions, type SmtpPeer } from './smtp-connection.ts'
import { SmtpError } from './smtp-error.ts'

/** A session as safe as the options ask for. Throws `SmtpError`. */
export async function openSession(peer: SmtpPeer, options: SmtpOptions): Promise<SmtpConnection> {
  try {
    return await SmtpConnection.open(peer, options)
  } catch (error) {
    // RFC 7435 §4: where nobody asks for more, a handshake that fails is no reason to keep the mail. A password is.
    const failed = error instanceof SmtpError && (error.kind === 'tls' || error.stage === 'STARTTLS') && !error.reply
    if (!failed || options.tls !== 'opportunistic' || options.login) throw error
    return SmtpConnection.open(peer, { ...options, tls: 'clear' })
  }
}
