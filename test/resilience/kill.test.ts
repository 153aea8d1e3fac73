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
/** Hand-overs that may be under way to one next hop when a kill comes. */
const UNDER_WAY = 5

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
  for (let cycle = 0; cycle < KILLS; cycle++) {
    await using server = await startServer(folder.path, environment(routes[cycle % 3 === 2 ? 1 : 0] ?? ''))
    if (cycle === 0) await makeInboxes(server)
    const stop = new AbortController()
    const load = runLoad(server, ledger, { smtpConnections: 4, apiClients: 4 }, stop.signal)
    await delay(randomInt(100, 2_500))
    await server.stop('SIGKILL')
    stop.abort()
    await load
  }

  await using server = await startServer(folder.path, environment(routes[0] ?? ''))
  const { inventory, problems } = await auditAll(server, ledger, BOXES)
  const twice = sentTwice(sink, inventory)
  const figures = {
    kills: KILLS,
    mails: ledger.mails.size,
    mailsAcknowledged: ledger.count(ledger.mails, 'acknowledged'),
    sends: ledger.sends.size,
    sendsAcknowledged: ledger.count(ledger.sends, 'acknowledged'),
    takenByNextHop: sink.taken.length,
    twiceBecauseOfKill: twice.unrecorded,
    refusals: Object.fromEntries(ledger.refusals),
  }
  console.log(JSON.stringify(figures))
  expect(problems).toEqual([])
  expect(twice.recorded).toEqual([])
  expect(twice.unrecorded).toBeLessThanOrEqual(KILLS * UNDER_WAY)
  expect(figures.mailsAcknowledged).toBeGreaterThan(KILLS * 5)
  expect(figures.sendsAcknowledged).toBeGreaterThan(KILLS * 5)
  await expectSentOrCaptured(server, ledger, inventory, sink)
}, 240_000)

/**
 * Which mails the next hop took more than once: those whose earlier yes is on record, which must not be, and how many mails whose yes
 * a kill kept from being recorded.
 */
function sentTwice({ taken }: RecordingSink, { recorded }: Inventory): { recorded: string[]; unrecorded: number } {
  const numbers = new Map<string, number[]>()
  for (const [i, { recipients }] of taken.entries()) {
    for (const to of recipients) numbers.set(to, [...(numbers.get(to) ?? []), i + 1])
  }
  const inVain: string[] = []
  const unrecorded = new Set<number>()
  for (const [to, all] of numbers) {
    const known = recorded.get(to) ?? []
    for (const number of all) {
      const at = known.findIndex((text) => text.endsWith(`number ${number}`))
      const last = number === all.at(-1)
      if (at >= 0 && (!last || at < known.length - 1)) inVain.push(`${to}: ${all} but ${known}`)
      if (at < 0) unrecorded.add(number)
    }
  }
  return { recorded: inVain, unrecorded: unrecorded.size }
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
