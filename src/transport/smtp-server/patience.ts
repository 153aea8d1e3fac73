import type { Clock } from '../../core/clock.ts'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { reply } from './refusal.ts'
import type { SlowLane } from './slow-lane.ts'

const MAX_MISTAKES = 20
/** Recipients that are nobody here: a list may hold many old ones, a harvester tries thousands. */
const MAX_UNKNOWN = 500
/** Mails that were begun and taken back, in a row. */
const MAX_ABANDONED = 500
/** Commands between two mails after which a session waits for its turn. */
const BITE = 10
/** What leads to no mail. */
const IDLE_TALK = new Set(['NOOP', 'RSET', 'VRFY', 'HELP', 'EHLO', 'HELO'])
/** A pause of the client, of this length, makes good for one command of idle talk. */
const PAUSE_MS = 1_000

export interface PatienceOptions {
  clock: Clock
  slowLane: SlowLane
  /** Commands of idle talk in a row; behind them each counts as a mistake. */
  idleTalk: number
}

/** How long one client is listened to without any mail coming of it. What tells of its end returns the farewell. */
export class Patience {
  readonly #options: PatienceOptions
  #mistakes = 0
  #unknown = 0
  #abandoned = 0
  #talk = 0
  #spoken = 0
  #begun = false
  #answeredAt: number

  constructor(options: PatienceOptions) {
    this.#options = options
    this.#answeredAt = options.clock.now()
  }

  /** A command has come: resolves when it is this session's turn; undefined when it is now. */
  turn(): Promise<void> | undefined {
    this.#countPause()
    return ++this.#spoken % BITE === 0 ? this.#options.slowLane.turn() : undefined
  }

  /** Thousands that only say NOOP, as fast as they can, would leave no time for those with mail. */
  hear(verb: string): SmtpReply | undefined {
    const takesBack = verb === 'RSET' && this.#begun
    if (verb === 'MAIL') this.#begun = true
    if (verb === 'RSET') this.#begun = false
    if (takesBack) return ++this.#abandoned >= MAX_ABANDONED ? tooMany('abandoned mails') : undefined
    return IDLE_TALK.has(verb) && ++this.#talk > this.#options.idleTalk ? this.#countMistake() : undefined
  }

  /** What became of the last command. */
  judge(answer: SmtpReply): SmtpReply | undefined {
    this.#answeredAt = this.#options.clock.now()
    if (answer.code === 550 && ++this.#unknown >= MAX_UNKNOWN) return tooMany('unknown recipients')
    return isMistake(answer) ? this.#countMistake() : undefined
  }

  /** Whoever has a recipient here did not come to talk. */
  recipientTaken(): void {
    this.#talk = 0
  }

  /** The client sent a whole message, whatever becomes of it. */
  messageRead(): void {
    this.#talk = 0
    this.#abandoned = 0
    this.#begun = false
  }

  /** Who delivers mail in between is no attacker. */
  forgive(): void {
    this.messageRead()
    this.#mistakes = 0
    this.#unknown = 0
    this.#spoken = 0
  }

  // A pool that asks now and then whether its connection still stands may do so for days.
  #countPause(): void {
    const pauseMs = Math.max(0, this.#options.clock.now() - this.#answeredAt)
    this.#talk = Math.max(0, this.#talk - pauseMs / PAUSE_MS)
  }

  #countMistake(): SmtpReply | undefined {
    return ++this.#mistakes >= MAX_MISTAKES ? tooMany('mistakes') : undefined
  }
}

function tooMany(what: string): SmtpReply {
  return reply(421, '4.7.0', `Too many ${what}`)
}

function isMistake({ code }: SmtpReply): boolean {
  return (code >= 500 && code <= 504) || code === 555
}
