import { createHash, randomBytes, randomInt } from 'node:crypto'

/** What we know of something that we asked the server to take: that it said yes, or nothing. */
export type Fate = 'acknowledged' | 'unknown'

export interface MailEntry {
  subject: string
  messageId: string
  to: string[]
  sha256: string
  fate: Fate
}

export interface SendEntry {
  subject: string
  from: string
  to: string[]
  fate: Fate
}

/** What a load has asked of the server and what it was answered: the other side of the books. */
export class Ledger {
  readonly mails = new Map<string, MailEntry>()
  readonly sends = new Map<string, SendEntry>()
  /** Answers that are neither a yes nor silence, counted. */
  readonly refusals = new Map<string, number>()
  /** To be asked again: mails with their bytes. */
  readonly mailsInDoubt: { entry: MailEntry; raw: Buffer }[] = []
  readonly sendsInDoubt: SendEntry[] = []
  readonly #boxes: string[]
  #serial = 0

  readonly #localSends: boolean

  constructor(boxes: string[], { localSends = true } = {}) {
    this.#boxes = boxes
    this.#localSends = localSends
  }

  refused(answer: string): void {
    this.refusals.set(answer, (this.refusals.get(answer) ?? 0) + 1)
  }

  /** Half of what nobody knows of is asked again, as a real client would; the other half shows that nothing is there twice. */
  nextMail(): { entry: MailEntry; raw: Buffer } {
    if (this.mailsInDoubt.length > 8) return this.mailsInDoubt.shift() ?? this.#newMail()
    return this.#newMail()
  }

  nextSend(): SendEntry {
    if (this.sendsInDoubt.length > 4) return this.sendsInDoubt.shift() ?? this.#newSend()
    return this.#newSend()
  }

  count<T extends { fate: Fate }>(entries: Map<string, T>, fate: Fate): number {
    return [...entries.values()].filter((e) => e.fate === fate).length
  }

  #newMail(): { entry: MailEntry; raw: Buffer } {
    const subject = `mail ${++this.#serial}`
    const messageId = `<m${this.#serial}.${randomBytes(4).toString('hex')}@load.test>`
    const to = this.#some()
    const parent = [...this.mails.values()].at(-randomInt(1, 40))
    const raw = buildMail({ subject, messageId, to, answers: parent?.messageId, bytes: someSize() })
    const sha256 = createHash('sha256').update(raw).digest('hex')
    const entry: MailEntry = { subject, messageId, to, sha256, fate: 'unknown' }
    this.mails.set(subject, entry)
    return { entry, raw }
  }

  #newSend(): SendEntry {
    const subject = `send ${++this.#serial}`
    const both = [`x${this.#serial}@outside.test`, `y${this.#serial}@elsewhere.test`]
    const outside = both.slice(0, randomInt(this.#localSends ? 0 : 1, 3))
    const [from = '', ...others] = this.#shuffled()
    const inside = this.#localSends ? others.slice(0, outside.length > 0 ? 1 : 2) : []
    const entry: SendEntry = { subject, from, to: [...inside, ...outside], fate: 'unknown' }
    this.sends.set(subject, entry)
    return entry
  }

  #some(): string[] {
    return this.#shuffled().slice(0, Math.random() < 0.2 ? 2 : 1)
  }

  #shuffled(): string[] {
    return this.#boxes.toSorted(() => Math.random() - 0.5)
  }
}

// Mostly small, some that the spool keeps in a file, a few that the blob store does.
function someSize(): number {
  const dice = Math.random()
  return dice < 0.9
    ? randomInt(200, 8_000)
    : dice < 0.99
      ? randomInt(100_000, 300_000)
      : randomInt(1_050_000, 1_300_000)
}

interface MailFields {
  subject: string
  messageId: string
  to: string[]
  answers?: string | undefined
  bytes: number
}

/** A mail with bytes of every kind in it, dots at line starts, and no two alike. */
export function buildMail({ subject, messageId, to, answers, bytes }: MailFields): Buffer {
  const head = [
    'From: Load <load@load.test>',
    `To: ${to.join(', ')}`,
    `Subject: ${subject}`,
    `Message-ID: ${messageId}`,
    ...(answers === undefined ? [] : [`In-Reply-To: ${answers}`]),
    'Content-Transfer-Encoding: 8bit',
    '',
    '.a line that begins with a dot',
    '..and one with two',
    '',
  ]
  // Bare CR and LF would be no lines of SMTP.
  const body = randomBytes(bytes).map((byte) => (byte === 13 || byte === 10 ? 46 : byte))
  const lines: Buffer[] = []
  for (let at = 0; at < body.length; at += 900) lines.push(body.subarray(at, at + 900) as Buffer, Buffer.from('\r\n'))
  return Buffer.concat([Buffer.from(head.join('\r\n')), ...lines])
}
