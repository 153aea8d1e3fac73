import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/server-process.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { runLoad } from './load.ts'
import { list, mailOnce, residentBytes } from './probe.ts'
import { BOXES, makeInboxes, startServer, type TestServer } from './server.ts'

const LONG = process.env.POSTHOUSE_LONG !== undefined
/** As long as a thread without work stays, and some more. */
const THREADS_END_MS = 130_000
/** Megabytes at rest. A build of Node, or what else this machine does, moves it by some; with POSTHOUSE_LONG there is no slack. */
const PROMISED_MB = 150
const SLACK_MB = LONG ? 0 : 15
const [box = ''] = BOXES
let dns: Awaited<ReturnType<typeof startEmptyDns>>
beforeAll(async () => {
  dns = await startEmptyDns()
})
afterAll(() => dns[Symbol.asyncDispose]())

/** As `npm start` starts it. */
const start = (folder: string) =>
  startServer(folder, { POSTHOUSE_DNS: dns.address, NODE_OPTIONS: '--max-semi-space-size=16' })

const mbOf = (server: TestServer) => Math.round(residentBytes(server.pid) / 1e6)
const mibOf = (server: TestServer) => Math.round(residentBytes(server.pid) / 2 ** 20)

/** Threads of ours, without those of node and V8. */
function threadsOf({ pid }: TestServer): number {
  const names = readdirSync(`/proc/${pid}/task`).map((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim()
    } catch {
      return 'gone'
    }
  })
  return names.filter((name) => name === 'WorkerThread').length
}

/** Megabytes once nothing more is given back. */
async function atRest(server: TestServer): Promise<number> {
  let least = mibOf(server)
  for (let quiet = 0; quiet < 8; quiet++) {
    await delay(500)
    const now = mibOf(server)
    if (now < least - 1) quiet = 0
    least = Math.min(least, now)
  }
  return mibOf(server)
}

test.runIf(process.platform === 'linux')(
  'a server at rest holds less than 150 MB in one thread beside the main one, and wakes for a mail',
  async () => {
    using folder = temporaryFolder()
    // The first start has everything to compile.
    await (await start(folder.path)).stop('SIGTERM')
    await using server = await start(folder.path)
    const patience = { timeout: 60_000, interval: 500 }
    await expect.poll(() => mbOf(server), patience).toBeLessThan(PROMISED_MB + SLACK_MB)
    await expect.poll(() => threadsOf(server), patience).toBe(1)
    console.log(`at rest ${mbOf(server)} MB`)
    await makeInboxes(server)
    await mailOnce(server, box)
    await list(server, box)
    expect(threadsOf(server)).toBeGreaterThan(1)
  },
  180_000,
)

test.runIf(process.platform === 'linux')(
  'what a load took is given back at rest, and the next loads take no more',
  async () => {
    using folder = temporaryFolder()
    await using server = await start(folder.path)
    await makeInboxes(server)
    const ledger = new Ledger(BOXES)
    const rounds: number[] = []
    for (let i = 0; i < (LONG ? 20 : 4); i++) {
      await runLoad(server, ledger, { smtpConnections: 10, apiClients: 4 }, AbortSignal.timeout(3_000))
      rounds.push(mibOf(server), await atRest(server))
    }
    console.log(`after each load, and at rest: ${rounds.join(', ')} MiB; ${ledger.mails.size} mails`)
    const rests = rounds.filter((_, i) => i % 2 === 1)
    // The first half fills caches and arenas; from there on it goes round.
    const highest = (part: number[]) => Math.max(...part)
    const middle = rests.length / 2
    const [first, second] = [highest(rests.slice(0, middle)), highest(rests.slice(middle))]
    expect(second).toBeLessThan(first * 1.5)
    if (LONG) {
      expect(second).toBeLessThan(first + 30)
      expect(Math.max(first, second)).toBeLessThan(300)
      await delay(THREADS_END_MS)
      console.log(`when the threads have ended ${mibOf(server)} MiB`)
      expect(threadsOf(server)).toBe(1)
      expect(mibOf(server)).toBeLessThan(rests.at(-1) ?? 0)
    }
  },
  LONG ? 600_000 : 120_000,
)
