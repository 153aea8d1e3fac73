import type { RecipientReply } from '../../core/outbound/mail-sender.ts'

/** What a peer, or its silence, means for a recipient. */
export type Answer = Omit<RecipientReply, 'recipient'>

const MAX_TEXT = 500

/** Reads a reply as it came over the wire, all of its lines (RFC 5321 §4.2), with the enhanced code (RFC 2034). */
export function readReply(response: string): { replyCode: number | null; enhancedCode: string | null; text: string } {
  const lines = response.split(/\r?\n/)
  const code = /^([2-5]\d\d)(?:[ -]|$)/.exec(lines[0] ?? '')?.[1]
  if (code === undefined) return { replyCode: null, enhancedCode: null, text: printable(response) }
  const texts = lines.map((line) => line.replace(/^\d{3}[ -]?/, ''))
  const enhancedCode = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(texts[0] ?? '')?.[1] ?? null
  const bare = texts.map((text) =>
    enhancedCode && text.startsWith(enhancedCode) ? text.slice(enhancedCode.length) : text,
  )
  return { replyCode: Number(code), enhancedCode, text: printable(bare.map((text) => text.trim()).join(' ')) }
}

/** A refusal of a recipient or of the whole mail: permanent for 5yz, else worth another try. */
export function refused(host: string, response: string, stage: 'envelope' | 'session' = 'envelope'): Answer {
  const read = readReply(response)
  return { result: stage === 'envelope' && isPermanent(read) ? 'permanent' : 'temporary', host, ...read }
}

/** No reply, or none that can be read: worth another try. */
export function failed(host: string | null, text: string): Answer {
  return { result: 'temporary', host, replyCode: null, enhancedCode: null, text: printable(text) }
}

/** What we know without asking. */
export function impossible(host: string, replyCode: number, enhancedCode: string, text: string): Answer {
  return { result: 'permanent', host, replyCode, enhancedCode, text }
}

function isPermanent({ replyCode, enhancedCode }: ReturnType<typeof readReply>): boolean {
  if (replyCode === null || replyCode < 500) return false
  // RFC 5321 §4.5.3.1.10: old servers say 552 for too many recipients, which is to be taken as 452.
  return replyCode !== 552 || (enhancedCode !== null && enhancedCode !== '5.5.3')
}

function printable(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT)
}
