import type { SmtpCommand } from './reason.ts'

const SIGNS: readonly (readonly [SmtpCommand, RegExp])[] = [
  [
    'RCPT',
    /in reply to RCPT|after RCPT|\b(?:our|following|for|SMTP:) ?RCPT|\[RCPT_TO\]|(?:does|did) not like (?:the )?recipient|\(state 14\)|rejected recipient/,
  ],
  [
    'MAIL',
    /in reply to MAIL|after MAIL|\b(?:our|following|for|SMTP:) ?MAIL(?: FROM| command)|\[MAIL_FROM\]|does not like (?:the )?sender|\(state 13\)|my name was rejected/,
  ],
  [
    'DATA',
    /in reply to (?:end of )?DATA|after (?:end of data|DATA|sending data)|\b(?:our|following|for|SMTP:) ?(?:final )?(?:DATA|TEXT)|after I sent the message|\(state 1[5-9]\)/,
  ],
  ['CONN', /after initial connection|refused to talk to me|in reply to (?:HELO|EHLO)|after (?:HELO|EHLO)/],
]

/** The command that was refused, as far as a notice tells. */
export function refusedCommand(text: string): SmtpCommand | null {
  return fromSentence(text) ?? fromTranscript(text)
}

function fromSentence(text: string): SmtpCommand | null {
  let best: SmtpCommand | null = null
  let at = Number.POSITIVE_INFINITY
  for (const [command, sign] of SIGNS) {
    const found = text.search(sign)
    if (found >= 0 && found < at) [best, at] = [command, found]
  }
  return best
}

// Sendmail's transcripts: ">>> RCPT To:<…>" answered by "<<< 550 …"; Postfix' own: "In:  RCPT TO" and "Out: 550 …".
function fromTranscript(text: string): SmtpCommand | null {
  let command: SmtpCommand | null = null
  for (const line of text.split('\n')) {
    const sent = /^\s*(?:>>>|In:|Sent <<<)\s*(MAIL|RCPT|DATA|HELO|EHLO)\b/i.exec(line)?.[1]?.toUpperCase()
    if (sent) command = sent === 'HELO' || sent === 'EHLO' ? 'CONN' : (sent as SmtpCommand)
    if (/^\s*(?:<<<|Out:|Received >>>)\s*[45]\d\d\b/.test(line)) return command
  }
  return null
}
