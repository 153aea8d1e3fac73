import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { apiClient } from '../support/api-client.ts'
import { startServerProcess, temporaryFolder } from '../support/server-process.ts'
import { auditMails, auditSends, type Inventory, listAll, takeInventory } from './audit.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { runLoad } from './load.ts'
import { type RecordingSink, startRecordingSink } from './recording-sink.ts'

const KILLS = Number(process.env.POSTHOUSE_KILLS ?? 22)
const ROOT_KEY = 'inai_the_key_of_this_test'
const BOXES = ['ann', 'bob', 'cy', 'dee'].map((name) => `${name}@posthouse.localhost`)
/** From the yes of the next hop to the commit of its record, on a machine that is busy. */
const RECORD_MS = 1_500

test(`nothing acknowledged is lost, and nothing accepted is sent again, over ${KILLS} kills under load`, async () => {
  using folder = temporaryFolder()
  await using sink = await startRecordingSink()
  await using dns = await startEmptyDns()
  const environment = (route: string) => ({
    POSTHOUSE_ROOT_KEY: ROOT_KEY,
    POSTHOUSE_DNS: dns.address,
    POSTHOUSE_SENDS_PER_MINUTE: '0',
    POSTHOUSE_DELIVERY: route,
  })
  const routes = [`smtp://127.0.0.1:${sink.port}`, 'sandbox']
  const ledger = new Ledger(BOXES)
  const kills: number[] = []
  for (let cycle = 0; cycle < KILLS; cycle++) {
    await using server = await startServerProcess(folder.path, environment(routes[cycle % 3 === 2 ? 1 : 0] ?? ''))
    const target = { ...server, apiKey: ROOT_KEY }
    if (cycle === 0) for (const box of BOXES) await makeInbox(target, box)
    const stop = new AbortController()
    const load = runLoad(target, ledger, { smtpConnections: 4, apiClients: 4 }, stop.signal)
    await delay(randomInt(100, 2_500))
    kills.push(Date.now())
    await server.stop('SIGKILL')
    stop.abort()
    await load
  }

  await using server = await startServerProcess(folder.path, environment(routes[0] ?? ''))
  const target = { ...server, apiKey: ROOT_KEY }
  const inventory = await settled(target)
  const problems = [
    ...inventory.problems,
    ...(await auditMails(target, ledger, inventory)),
    ...(await auditSends(target, ledger, inventory)),
  ]
  const twice = sentTwice(sink, kills)
  const figures = {
    kills: kills.length,
    mails: ledger.mails.size,
    mailsAcknowledged: ledger.count(ledger.mails, 'acknowledged'),
    sends: ledger.sends.size,
    sendsAcknowledged: ledger.count(ledger.sends, 'acknowledged'),
    takenByNextHop: sink.taken.length,
    twiceBecauseOfKill: twice.excused,
    refusals: Object.fromEntries(ledger.refusals),
  }
  console.log(JSON.stringify(figures))
  expect(problems).toEqual([])
  expect(twice.unexcused).toEqual([])
  expect(figures.mailsAcknowledged).toBeGreaterThan(KILLS * 5)
  expect(figures.sendsAcknowledged).toBeGreaterThan(KILLS * 5)
  await expectSentOrCaptured(target, ledger, inventory, sink)
}, 240_000)

async function makeInbox(target: { url: string; apiKey: string }, address: string): Promise<void> {
  const api = apiClient(target.url, target.apiKey)
  const { status } = await api.post('/inboxes', { username: address.split('@')[0] })
  expect(status).toBe(201)
}

/** Looks again until no delivery waits any more. */
async function settled(target: { url: string; smtpPort: number; apiKey: string }): Promise<Inventory> {
  const started = Date.now()
  for (;;) {
    const inventory = await takeInventory(target, BOXES)
    const waiting = [...inventory.boxes.values()].flat().filter((m) => m.status === 'queued').length
    if (waiting === 0 || Date.now() - started > 60_000) {
      console.log(`deliveries at their end ${Date.now() - started} ms after the last start; ${waiting} still wait`)
      return inventory
    }
    await delay(250)
  }
}

/** Who got a mail twice: excused when a kill fell between the yes and its record. */
function sentTwice({ taken }: RecordingSink, kills: number[]): { excused: number; unexcused: string[] } {
  const times = Map.groupBy(
    taken.flatMap(({ messageId, recipients, at }) => recipients.map((to) => ({ key: `${messageId} ${to}`, at }))),
    ({ key }) => key,
  )
  let excused = 0
  const unexcused: string[] = []
  for (const [key, all] of times) {
    for (const { at } of all.slice(0, -1)) {
      if (kills.some((kill) => kill >= at && kill - at <= RECORD_MS)) excused++
      else unexcused.push(key)
    }
  }
  return { excused, unexcused }
}

/** Nobody outside was told by both ways or by none. */
async function expectSentOrCaptured(
  target: { url: string; apiKey: string },
  { sends }: Ledger,
  inventory: Inventory,
  sink: RecordingSink,
): Promise<void> {
  const problems: string[] = []
  const api = apiClient(target.url, target.apiKey)
  const captured = await listAll<{ recipients: string[] }>(api, '/captured', problems)
  const wasCaptured = new Set(captured.flatMap((c) => c.recipients))
  const wasSent = new Set(sink.taken.flatMap((t) => t.recipients))
  expect(captured.flatMap((c) => c.recipients)).toHaveLength(wasCaptured.size)
  const left = [...inventory.boxes.values()].flat().filter((m) => m.direction === 'outbound')
  const outside = left.flatMap(({ subject }) => sends.get(subject)?.to ?? []).filter((a) => !BOXES.includes(a))
  expect(outside.filter((a) => !wasCaptured.has(a) && !wasSent.has(a))).toEqual([])
  expect(problems).toEqual([])
}
