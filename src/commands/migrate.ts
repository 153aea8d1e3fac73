import { mkdirSync } from 'node:fs'
import { type Config, readConfig } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { Failure, invalid } from '../core/errors.ts'
import { openRowSnapshot, openRowTarget, refuseWithoutRows } from '../open-rows.ts'
import { openStore } from '../open-stores.ts'
import { copyRows } from '../storage/rows/copy-rows.ts'
import { Progress } from './progress.ts'

/** Copies all rows into an empty database of the other engine. Message bytes and the master secret stay where they are. */
export async function migrate(config: Config, options: { to: string; json?: boolean }): Promise<void> {
  refuseWithoutRows(config)
  const target = targetOf(config, options.to)
  await using store = await openStore(config, systemClock)
  let counts: Record<string, number> | undefined
  if (config.POSTHOUSE_DATABASE_URL === undefined) {
    await store.joinWorkers(async () => {
      counts = await copy(config, target)
    })
    if (!counts)
      throw new Failure('conflict', 'The server is running: stop it first, so that nothing comes in after the copy')
  } else {
    console.error('The servers of this database must be stopped: what comes in during the copy stays behind')
    counts = await copy(config, target)
  }
  if (options.json) console.log(JSON.stringify({ rows: counts }))
  else for (const [table, count] of Object.entries(counts)) console.log(`${table.padEnd(20)} ${count}`)
  const next =
    target.POSTHOUSE_DATABASE_URL === undefined
      ? 'without POSTHOUSE_DATABASE_URL'
      : 'with POSTHOUSE_DATABASE_URL set to it'
  console.error(
    `Start the server ${next}, and with the same POSTHOUSE_DATA, POSTHOUSE_BLOBS and POSTHOUSE_SECRET as before`,
  )
}

async function copy(config: Config, target: Config): Promise<Record<string, number>> {
  using progress = new Progress()
  await using from = await openRowSnapshot(config)
  await using to = await openRowTarget(target)
  let rows = 0
  return await copyRows(from, to, (table, count) => {
    rows += count
    progress.show(`${rows} rows; ${table}`)
  })
}

/** The same configuration with the other database. `sqlite` is the data folder. */
function targetOf(config: Config, to: string): Config {
  if (to === 'sqlite') {
    mkdirSync(config.POSTHOUSE_DATA, { recursive: true, mode: 0o700 })
    if (config.POSTHOUSE_DATABASE_URL === undefined) throw invalid('--to', 'the rows are in SQLite already')
    return { ...config, POSTHOUSE_DATABASE_URL: undefined }
  }
  if (!/^postgres(ql)?:\/\//.test(to)) throw invalid('--to', 'must be postgres://… or sqlite')
  return { ...config, POSTHOUSE_DATABASE_URL: readConfig({ POSTHOUSE_DATABASE_URL: to }).POSTHOUSE_DATABASE_URL }
}
