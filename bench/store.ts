// How many mails of 5 kB a second are filed, durable, with many at once, what each costs; and what a list costs.
// node bench/store.ts [concurrency] [mails] [postgres url]
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../src/core/clock.ts'
import type { Store } from '../src/core/store.ts'
import { openPostgresStore } from '../src/storage/postgres-store.ts'
import { openSqliteStore } from '../src/storage/sqlite-store.ts'
import { buildMailbox, buildOrganization, content, readMail } from '../test/support/builders.ts'

const concurrency = Number(process.argv[2] ?? 32)
const mails = Number(process.argv[3] ?? 20_000)

const folder = await mkdtemp(join(tmpdir(), 'posthouse-bench-'))
try {
  const url = process.argv[4]
  await using store = url
    ? await openPostgresStore({ url, clock: systemClock })
    : await openSqliteStore({ path: join(folder, 'posthouse.db'), clock: systemClock })
  await measure(store)
} finally {
  await rm(folder, { recursive: true })
}

async function measure(store: Store): Promise<void> {
  const owner = await buildOrganization(store)
  const mailboxes = await Promise.all(Array.from({ length: 50 }, () => buildMailbox(store, owner)))
  const text = 'The engine weaves algebraic patterns. '.repeat(130)
  let left = mails
  const worker = async () => {
    while (left-- > 0) {
      const mailbox = mailboxes[left % mailboxes.length]!
      const mail = readMail({ content: content({ text, extractedText: text }), sizeBytes: 5000 })
      await store.run('messages.file', {
        mail,
        copies: [{ mailbox, rcptTo: [mailbox.address] }],
        host: 'posthouse.test',
      })
    }
  }
  await Promise.all(Array.from({ length: 64 }, () => store.ping()))
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  const cpu = process.cpuUsage()
  const written = await bytesWritten()
  await Promise.all(Array.from({ length: concurrency }, worker))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  console.log(
    `${Math.round(mails / seconds)} mails/s, ${concurrency} at once; main loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`,
  )
  const kilobytes = ((await bytesWritten()) - written) / mails / 1000
  console.log(`${Math.round((user + system) / mails)} µs of CPU and ${kilobytes.toFixed(1)} kB written a mail`)
  await measureList(store, mailboxes[0]!.id)
}

async function bytesWritten(): Promise<number> {
  return Number(/^wchar: (\d+)/m.exec(await readFile('/proc/self/io', 'utf8'))?.[1])
}

async function measureList(store: Store, mailbox: Parameters<Store['read']['messages']['list']>[0]): Promise<void> {
  for (let i = 0; i < 20; i++) await store.read.messages.list(mailbox, {}, { limit: 50 })
  const start = performance.now()
  for (let i = 0; i < 100; i++) await store.read.messages.list(mailbox, {}, { limit: 50 })
  console.log(`newest 50: ${((performance.now() - start) / 100).toFixed(2)} ms`)
}
