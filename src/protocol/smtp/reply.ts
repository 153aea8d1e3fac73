/** What a server answers (RFC 5321 §4.2) with its enhanced code (RFC 3463), which greetings, EHLO and 354 have none of. */
export interface SmtpReply {
  code: number
  enhancedCode: string | null
  /** Each a line of its own. */
  lines: readonly string[]
}

/** The reply as it goes over the wire. Line ends and other controls in the text become blanks, so no text can forge a second reply. */
export function formatReply({ code, enhancedCode, lines }: SmtpReply): string {
  const prefix = enhancedCode === null ? '' : `${enhancedCode} `
  const last = lines.length - 1
  return lines.map((line, i) => `${code}${i < last ? '-' : ' '}${prefix}${oneLine(line)}\r\n`).join('')
}

// RFC 5321 §4.5.3.1.5: 512 octets in all.
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 490)
}
