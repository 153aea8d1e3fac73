import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { apiClient } from '../support/api-client.ts'
import { temporaryFolder } from '../support/server-process.ts'
import { auditAll, type Inventory, listAll } from './audit.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { runLoad, type Target } from './load.ts'
import { type RecordingSink, startRecordingSink } from './recording-sink.ts'
import { BOXES, makeInboxes, startServer } from './server.ts'

const KILLS = Number(process.env.POSTHOUSE_KILLS ?? 22)
/** From the yes of the next hop to the commit of its record, on a machine that is busy. */
const RECORD_MS = 1_500

test(`nothing acknowledged is lost, and nothing accepted is sent again, over ${KILLS} kills under load`, async () => {
  using folder = temporaryFolder()
  await using sink = await startRecordingSink()
  await using dns = await startEmptyDns()
  const environment = (route: string) => ({
    POSTHOUSE_DNS: dns.address,
    POSTHOUSE_DELIVERY: route,
  })
  const routes = [`smtp://127.0.0.1:${sink.port}`, 'sandbox']
  const ledger = new Ledger(BOXES)
  const kills: number[] = []
  for (let cycle = 0; cycle < KILLS; cycle++) {
    await using server = await startServer(folder.path, environment(routes[cycle % 3 === 2 ? 1 : 0] ?? ''))
    if (cycle === 0) await makeInboxes(server)
    const stop = new AbortController()
    const load = runLoad(server, ledger, { smtpConnections: 4, apiClients: 4 }, stop.signal)
    await delay(randomInt(100, 2_500))
    kills.push(Date.now())
    await server.stop('SIGKILL')
    stop.abort()
    await load
  }

  await using server = await startServer(folder.path, environment(routes[0] ?? ''))
  const { inventory, problems } = await auditAll(server, ledger, BOXES)
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
  await expectSentOrCaptured(server, ledger, inventory, sink)
}, 240_000)

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
  target: Target,
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
