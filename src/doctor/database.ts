import type { Config } from '../config.ts'
import { rowsFile } from '../open-stores.ts'
import { postgresSchemaState, type SchemaState, sqliteSchemaState } from '../storage/schema-state.ts'
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts'

const MAX_SKEW_MS = 2_000

/** Whether the database answers and its schema is this program's, told before anything opens it and brings it up to date. */
export async function checkDatabase(config: Config): Promise<{ findings: Finding[]; usable: boolean }> {
  const url = config.POSTHOUSE_DATABASE_URL
  try {
    if (url === undefined) return judge(sqliteSchemaState(rowsFile(config)), 'SQLite')
    const state = await postgresSchemaState(url)
    const judged = judge(state, 'PostgreSQL')
    return state ? { ...judged, findings: [...judged.findings, checkClock(state.aheadMs)] } : judged
  } catch (error) {
    const advice =
      url === undefined
        ? 'Restore a backup, or see what holds the file'
        : 'See that PostgreSQL runs, and that POSTHOUSE_DATABASE_URL is right'
    return { findings: [fail('database', `It does not answer: ${reasonOf(error)}`, advice)], usable: false }
  }
}

function judge(state: SchemaState | undefined, engine: string): { findings: Finding[]; usable: boolean } {
  if (!state) return { findings: [ok('database', `${engine}: empty, the first start fills it`)], usable: false }
  const { applied, waiting, unknown } = state
  if (unknown.length > 0) {
    const advice = 'Run the newer program, or restore a backup of before it'
    return {
      findings: [fail('database', `${engine}: used by a newer Posthouse (${unknown.join(', ')})`, advice)],
      usable: false,
    }
  }
  if (waiting.length > 0) {
    const message = `${engine}: ${waiting.length} changes of the schema wait (${waiting.join(', ')})`
    return { findings: [warn('database', message, 'The next start runs them; make a backup before')], usable: false }
  }
  return {
    findings: [ok('database', `${engine}: it answers, all ${applied} changes of the schema are there`)],
    usable: true,
  }
}

function checkClock(aheadMs: number): Finding {
  const message = `The database's clock is ${Math.abs(Math.round(aheadMs))} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} ours`
  if (Math.abs(aheadMs) <= MAX_SKEW_MS) return ok('clock', message)
  return warn('clock', message, 'Let all machines follow a time server (chrony, systemd-timesyncd)')
}
