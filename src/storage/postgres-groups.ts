import type pg from 'pg'
import { type CommandInput, type CommandName, commands } from '../core/commands.ts'
import { Failure } from '../core/errors.ts'
import type { Tx } from '../core/store.ts'
import type { Engine } from './database.ts'
import { orFailure } from './postgres.ts'
import { PipelinedTransaction } from './postgres-pipeline.ts'
import { numberMessages } from './postgres-uids.ts'
import { transactionOver } from './transaction.ts'

/** How many commands share a commit at most. */
const GROUP = 64
/** While one group waits for the disk the next one runs. */
const UNDER_WAY = 2

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
  readonly #queue: Waiting[] = []
  #underWay = 0
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
    if (this.#queue.length + this.#underWay > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.#pool.end()
  }

  #start(): void {
    while (this.#queue.length > 0 && this.#underWay < UNDER_WAY) {
      this.#underWay++
      void this.#runGroup(this.#queue.splice(0, GROUP)).finally(() => {
        this.#underWay--
        this.#start()
      })
    }
    if (this.#queue.length + this.#underWay === 0) this.#idle?.()
  }

  async #runGroup(group: Waiting[]): Promise<void> {
    try {
      const outputs = await this.#runTogether(group)
      for (const [i, waiting] of group.entries()) waiting.resolve(outputs[i])
    } catch (error) {
      // Whether it was committed nobody knows: the peer asks again.
      if (error instanceof Failure && error.code === 'unavailable') for (const waiting of group) waiting.reject(error)
      else await Promise.all(group.map((waiting) => this.#alone(waiting).then(waiting.resolve, waiting.reject)))
    }
  }

  async #runTogether(group: readonly GroupedCommand[]): Promise<unknown[]> {
    const client = await orFailure(this.#pool.connect())
    const transaction = new PipelinedTransaction(client, this.#engine)
    try {
      const outputs = await runCommands(transaction, group, this.#appended)
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

async function runCommands(
  transaction: PipelinedTransaction,
  group: readonly GroupedCommand[],
  appended: () => void,
): Promise<unknown[]> {
  const { connection, shared } = transaction
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
