import type { SmtpCommand } from './reason.ts'

const SIGNS: readonly (readonly [SmtpCommand, RegExp])[] = [
  [
    'RCPT',
    /in reply to RCPT|after RCPT|(?:our|following|for) RCPT|\[?RCPT_TO\]?|(?:does|did) not like (?:the )?recipient|\(state 14\)|rejected recipient/i,
  ],
  [
    'MAIL',
    /in reply to MAIL|after MAIL|(?:our|following|for) MAIL|does not like (?:the )?sender|\(state 13\)|my name was rejected/i,
  ],
  [
    'DATA',
    /in reply to (?:end of )?DATA|after (?:end of data|DATA|sending data)|(?:our|following|for) (?:final )?(?:DATA|TEXT)|after I sent the message|\(state (?:1[5-9])\)/i,
  ],
  ['CONN', /after initial connection|refused to talk to me|in reply to (?:HELO|EHLO)|after (?:HELO|EHLO)/i],
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
    const sent = /^\s*(?:>>>|In:)\s*(MAIL|RCPT|DATA|HELO|EHLO)\b/i.exec(line)?.[1]?.toUpperCase()
    if (sent) command = sent === 'HELO' || sent === 'EHLO' ? 'CONN' : (sent as SmtpCommand)
    if (/^\s*(?:<<<|Out:)\s*[45]\d\d\b/.test(line)) return command
  }
  return null
}
