/**
 * Everything that is measured, in one run: `npm run bench`. `npm run bench -- intake` runs one part, `--full` longer and with a million
 * messages, `--markdown` writes the tables into docs/performance.md.
 */
import { parseArgs } from 'node:util'
import { writeFigures } from './figures-page.ts'
import { measureHandle } from './parts/handle.ts'
import { measureImap } from './parts/imap.ts'
import { measureIntake } from './parts/intake.ts'
import { measureListed } from './parts/listed.ts'
import { measureMemory } from './parts/memory.ts'
import { measureNodes } from './parts/nodes.ts'
import { measureReading } from './parts/reading.ts'
import { measureRestart } from './parts/restart.ts'
import { measureSoak } from './parts/soak.ts'
import { measureWaiting } from './parts/waiting.ts'
import { measureWebhooks } from './parts/webhooks.ts'
import { describeMachine } from './support/machine.ts'
import { renderTable, type Table } from './support/table.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean', default: false }, markdown: { type: 'boolean', default: false } },
})

const parts = {
  memory: () => measureMemory({ seconds: flags.full ? 20 : 5 }),
  intake: () => {
    const connections = [1, 10, 50]
    return measureIntake({ seconds: flags.full ? 10 : 3, sizes: [5_000, 50_000], connections })
  },
  listed: () => measureListed({ mails: flags.full ? 2_000 : 300 }),
  waiting: () => measureWaiting({ perSecond: 200, seconds: flags.full ? 30 : 5 }),
  handle: () => measureHandle({ messages: flags.full ? 20_000 : 5_000 }),
  webhooks: () => measureWebhooks({ seconds: flags.full ? 20 : 3 }),
  reading: () => {
    const levels = flags.full ? [1_000, 100_000, 1_000_000] : [1_000, 100_000]
    return measureReading({ levels, requests: flags.full ? 2_000 : 500 })
  },
  imap: () => measureImap({ sources: flags.full ? [1, 4, 16, 32] : [1, 8] }),
  nodes: () => measureNodes({ seconds: flags.full ? 20 : 5 }),
  soak: () => measureSoak(flags.full ? { minutes: 30, perSecond: 1_000 } : { minutes: 1, perSecond: 500 }),
  restart: () =>
    measureRestart(flags.full ? { messages: 1_000_000, queued: 100_000 } : { messages: 20_000, queued: 2_000 }),
} satisfies Record<string, () => Promise<Table>>

type PartName = keyof typeof parts
const known = Object.keys(parts) as PartName[]
const wanted = positionals.length === 0 ? known : known.filter((name) => positionals.includes(name))
if (wanted.length === 0) throw new Error(`The parts are ${known.join(', ')}`)

const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '')
const machine = describeMachine(command)
console.log(`${machine.join('\n')}\n`)
const tables = new Map<string, string>()
for (const name of wanted) {
  console.log(`${name} …`)
  tables.set(name, renderTable(await parts[name]()))
}
console.log(`\n${machine.join('\n')}\n\n${[...tables.values()].join('\n')}`)
if (flags.markdown) writeFigures(machine, tables)
