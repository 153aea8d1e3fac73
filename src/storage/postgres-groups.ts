import type pg from 'pg'
import { type CommandInput, type CommandName, commands } from '../core/commands.ts'
import { Failure } from '../core/errors.ts'
import type { Tx } from '../core/store.ts'
import type { Engine } from './database.ts'
import { isStopped, orFailure } from './postgres.ts'
import { PipelinedTransaction, sharedConnection } from './postgres-pipeline.ts'
import { numberMessages } from './postgres-uids.ts'
import { transactionOver } from './transaction.ts'

/** How many commands share a commit at most. */
const GROUP = 64
/** A second group goes along with one that is under way when so many wait, or when that one takes so long. */
const MANY = 16
const SLOW_MS = 50
const UNDER_WAY = 4

/** A command that may share its transaction, and the mailboxes it changes. */
export interface GroupedCommand {
  name: CommandName
  input: unknown
  now: number
  mailboxes: string[]
}

interface Waiting extends GroupedCommand {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** The mailboxes of a command that changes nothing else; undefined for a command that is better alone. */
export function mailboxesOf<K extends CommandName>(name: K, input: CommandInput<K>): string[] | undefined {
  if (name !== 'messages.file') return undefined
  const { copies, news = [], fetched } = input as CommandInput<'messages.file'>
  return news.length > 0 || fetched ? undefined : copies.map(({ mailbox }) => mailbox.id)
}

/**
 * Runs the commands of one moment in one transaction: their statements share packets, their commits one flush of the disk, and the
 * counter of a domain is held for one round trip. Commands of different mailboxes run beside each other, those of the same one after
 * the other. When anything fails, nothing of the group has happened, and each of them runs `alone`.
 */
export class CommandGroups implements AsyncDisposable {
  readonly #pool: pg.Pool
  readonly #engine: Engine
  readonly #alone: (command: GroupedCommand) => Promise<unknown>
  readonly #appended: () => void
  /** In their order; and the mailboxes of the commands that are under way, with how many change them. */
  #queue: Waiting[] = []
  readonly #held = new Map<string, number>()
  #underWay = 0
  #unfinished = 0
  #startedAt = 0
  #later: NodeJS.Timeout | undefined
  #starting = false
  #idle: (() => void) | undefined

  constructor(
    pool: pg.Pool,
    engine: Engine,
    on: { alone: (command: GroupedCommand) => Promise<unknown>; appended: () => void },
  ) {
    this.#pool = pool
    this.#engine = engine
    this.#alone = on.alone
    this.#appended = on.appended
  }

  run(command: GroupedCommand): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...command, resolve, reject })
      this.#unfinished++
      if (this.#starting) return
      this.#starting = true
      // After the current turn of the loop, so that everything that came in with it is together.
      setImmediate(() => {
        this.#starting = false
        this.#start()
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#unfinished > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    clearTimeout(this.#later)
  }

  #start(): void {
    for (let group = this.#takeGroup(); group.length > 0; group = this.#takeGroup()) {
      for (const waiting of group) this.#hold(waiting, 1)
      this.#startedAt = performance.now()
      void this.#runGroup(group)
    }
  }

  #hold({ mailboxes }: Waiting, change: 1 | -1): void {
    for (const id of mailboxes) {
      const holders = (this.#held.get(id) ?? 0) + change
      if (holders > 0) this.#held.set(id, holders)
      else this.#held.delete(id)
    }
  }

  // What would only wait in the database for a group of ours gathers here instead.
  #takeGroup(): Waiting[] {
    if (this.#underWay === UNDER_WAY) return []
    const free = this.#freeInOrder()
    if (!this.#mayStart(free.length)) return []
    const group = free.slice(0, GROUP)
    const taken = new Set(group)
    this.#queue = this.#queue.filter((waiting) => !taken.has(waiting))
    return group
  }

  // Nobody overtakes one that waits for the same mailbox: a mail for several would wait for ever.
  #freeInOrder(): Waiting[] {
    const awaited = new Set<string>()
    return this.#queue.filter(({ mailboxes }) => {
      const isFree = !mailboxes.some((id) => this.#held.has(id) || awaited.has(id))
      if (!isFree) for (const id of mailboxes) awaited.add(id)
      return isFree
    })
  }

  #mayStart(free: number): boolean {
    if (free === 0) return false
    const slow = this.#startedAt + SLOW_MS - performance.now()
    if (this.#underWay === 0 || free >= MANY || slow <= 0) return true
    this.#later ??= setTimeout(() => {
      this.#later = undefined
      this.#start()
    }, slow)
    return false
  }

  async #runGroup(group: Waiting[]): Promise<void> {
    this.#underWay++
    const outcome = await this.#runTogether(group).then(
      (outputs) => ({ outputs }),
      (error: unknown) => ({ error }),
    )
    this.#underWay--
    if ('outputs' in outcome)
      for (const [i, waiting] of group.entries()) this.#end(waiting, waiting.resolve, outcome.outputs[i])
    // Whether it was committed nobody knows, or the database is away: the peer asks again.
    else if (isForAll(outcome.error)) for (const waiting of group) this.#end(waiting, waiting.reject, outcome.error)
    else for (const waiting of group) void this.#runAlone(waiting)
    this.#start()
  }

  async #runAlone(waiting: Waiting): Promise<void> {
    await this.#alone(waiting).then(
      (output) => this.#end(waiting, waiting.resolve, output),
      (error: unknown) => this.#end(waiting, waiting.reject, error),
    )
    this.#start()
  }

  #end<T>(waiting: Waiting, answer: (outcome: T) => void, outcome: T): void {
    this.#hold(waiting, -1)
    answer(outcome)
    if (--this.#unfinished === 0) this.#idle?.()
  }

  async #runTogether(group: readonly GroupedCommand[]): Promise<unknown[]> {
    const client = await orFailure(this.#pool.connect())
    const transaction = new PipelinedTransaction(client)
    try {
      const outputs = await runCommands(transaction, this.#engine, group, this.#appended)
      client.release()
      return outputs
    } catch (error) {
      await transaction.settled()
      // The end of the connection is the end of the transaction.
      client.release(true)
      throw transaction.failure?.error ?? error
    }
  }
}

// But where one waits for its mailbox, or for a statement that was stopped, the others need not.
function isForAll(error: unknown): boolean {
  return error instanceof Failure && error.code === 'unavailable' && !isStopped(error)
}

async function runCommands(
  transaction: PipelinedTransaction,
  engine: Engine,
  group: readonly GroupedCommand[],
  appended: () => void,
): Promise<unknown[]> {
  const connection = sharedConnection(transaction, engine)
  const { shared } = connection
  let told = false
  const execute = ({ name, input, now }: GroupedCommand) => {
    const command = commands[name] as (tx: Tx, input: unknown) => Promise<unknown>
    return command(
      transactionOver(connection, now, () => (told = true)),
      input,
    )
  }
  // All at once and in one order: two groups never wait for each other in a ring.
  shared.behind(transaction.query(holdMailboxes, [JSON.stringify(group.flatMap(({ mailboxes }) => mailboxes))]))
  const last = new Map<string, Promise<unknown>>()
  const running = group.map((command) => {
    const before = Promise.all(command.mailboxes.map((id) => last.get(id)))
    const output = before.then(() => execute(command))
    for (const id of command.mailboxes) last.set(id, output)
    return output
  })
  await Promise.allSettled(running)
  const outputs = await Promise.all(running)
  shared.behind(numberMessages(connection, shared.unnumbered))
  await transaction.commit()
  if (told) appended()
  return outputs
}

const holdMailboxes = `select id from mailboxes where id in (select json_array_elements_text($1::json))
  order by id collate "C" for no key update`
