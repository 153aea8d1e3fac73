import { findAddresses, sameAddress } from './addresses.ts'

/** The lines of a notice that speak of one recipient. */
export interface Block {
  address: string
  text: string
}

const MAX_BLOCKS = 100
const MAX_LINES = 4000
const MAX_BLOCK_CHARS = 8000

const ADDR = String.raw`[<"']?(?:mailto:)?([^\s<>()"',;:]{1,128}@[^\s<>()"',;:]{1,253}?)[>"']?`

// A line that opens the part about one recipient, as the mail servers lay it out.
const OPENERS: readonly RegExp[] = [
  // qmail, Postfix, Yahoo: `<a@b>:` with or without the reason behind it; OpenSMTPD: `a@b: reason`; Exim: `a@b` alone.
  new RegExp(String.raw`^\s{0,12}${ADDR}\.?\s*(?::.*)?$`),
  // Sendmail: `>>> a@b <a@b>`; lists: `* a@b`; `a@b [User unknown]`; `a@b<mailto:a@b>`.
  new RegExp(String.raw`^\s{0,12}(?:[*•·>-]{1,4}\s+)${ADDR}(?:[\s<[(].*)?$`),
  new RegExp(String.raw`^\s{0,12}${ADDR}\s*(?:<mailto:.*|\[.*\]\s*)$`),
  // Exchange: `a@b on Thu, 29 Apr 2007 16:51:51`; Zoho: `a@b Invalid Address, …`.
  new RegExp(String.raw`^\s{0,12}${ADDR} (?:on \S+|invalid address)\b.*$`, 'i'),
  // Old Sendmail: `554 <a@b>... 550 Host unknown`, not the lines of the dialogue itself.
  new RegExp(String.raw`^[45]\d\d (?:[45]\.\d\.\d{1,3} )?${ADDR}\.\.\. .*$`),
  // `a@b (alias of c@d): reason` and `a@b, ERROR_CODE`
  new RegExp(String.raw`^\s{0,12}${ADDR}\s+(?:\(.*\)\s*:?.*|\.\.\. .*)$`),
]

/** Splits a notice into its parts about one recipient each; empty when it is not laid out so. */
export function readBlocks(text: string): Block[] {
  const blocks: { address: string; lines: string[] }[] = []
  for (const line of text.split('\n', MAX_LINES)) {
    const address = openingAddress(line)
    if (address && blocks.length < MAX_BLOCKS) blocks.push({ address, lines: [line] })
    else blocks.at(-1)?.lines.push(line)
  }
  return mergeByAddress(blocks)
}

function openingAddress(line: string): string | null {
  if (line.length > 2000 || !line.includes('@')) return null
  for (const opener of OPENERS) {
    const address = opener.exec(line)?.[1]
    if (address && findAddresses(address)[0] === address) return address
  }
  return null
}

function mergeByAddress(blocks: readonly { address: string; lines: string[] }[]): Block[] {
  const merged = new Map<string, Block>()
  for (const { address, lines } of blocks) {
    const key = address.toLowerCase()
    const block = merged.get(key) ?? { address, text: '' }
    block.text = `${block.text}${lines.join('\n')}\n`.slice(0, MAX_BLOCK_CHARS)
    merged.set(key, block)
  }
  return [...merged.values()]
}

// Words right before an address that make it the one that failed.
const CUES: readonly RegExp[] = [
  /RCPT TO: ?<?$/i,
  /(?:recipients?|mailbox|address|user|account|group|addressee)\s*(?:is|was|:)?\s*[<"'(]?$/i,
  /(?:deliver(?:ed|ing|y)?|undeliverable|message|mail|sent|send|gateway|attempts?)\b[^.@]{0,40}\b(?:to|for)\s*:?\s*[<"'(]?$/i,
  /(?:exceeds allowed size|attempts|unknown user|user unknown|unknown host|no such user|mailbox is full|full|following address(?:es)?)\s*:\s*[<"'(]?$/i,
  /Duplicated Message-ID in <$/,
]

/** Recipients named inside sentences; `sender` is passed over unless the SMTP dialogue itself names it. */
export function readCuedAddresses(text: string, sender: string | null): string[] {
  const found: string[] = []
  let line = ''
  for (const raw of text.split('\n', MAX_LINES)) {
    const before = line
    line = raw.slice(0, 4000)
    for (const address of findAddresses(line)) {
      const lead = `${before.slice(-80)} ${line.slice(0, line.indexOf(address))}`.slice(-120)
      const cue = CUES.findIndex((c) => c.test(lead))
      if (cue < 0 || (cue > 0 && sameAddress(address, sender))) continue
      if (!found.some((f) => sameAddress(f, address)) && found.length < MAX_BLOCKS) found.push(address)
    }
  }
  return found
}

/** Finds the lines that name an address, with what follows each until the next empty line or the next address. */
export function linesByAddress(text: string): (address: string) => string {
  const kept = new Map<string, string>()
  let taking: string[] = []
  for (const line of text.split('\n', MAX_LINES)) {
    const named = findAddresses(line.slice(0, 1000)).slice(0, 5)
    if (named.length > 0) taking = [...new Set(named.map((a) => a.toLowerCase()))]
    else if (line.trim() === '') taking = []
    for (const address of taking) {
      const before = kept.get(address) ?? ''
      if (before.length < MAX_BLOCK_CHARS && kept.size < 2000) kept.set(address, `${before}${line.slice(0, 2000)}\n`)
    }
  }
  return (address) => kept.get(address.toLowerCase()) ?? ''
}
