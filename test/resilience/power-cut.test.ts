import { createHash, randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { printId } from '../../src/api/agents/ids.ts'
import { apiClient } from '../support/api-client.ts'
import { temporaryFolder } from '../support/server-process.ts'
import { takeInventory } from './audit.ts'
import { DISK_CALLS, readDiskLog, type Step } from './disk-log.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { loadOf } from './load.ts'
import { LossyDisk } from './lossy-disk.ts'
import { BOXES, makeInboxes, startServer, type TestServer } from './server.ts'
import { findStrace, NO_STRACE } from './strace.ts'

const CUTS = Number(process.env.POSTHOUSE_POWER_CUTS ?? 8)

test(`whatever was acknowledged before the power went is there, at ${CUTS} moments under load`, async (context) => {
  const strace = findStrace()
  if (!strace) return context.skip(NO_STRACE)
  await using dns = await startEmptyDns()
  const env = { POSTHOUSE_DNS: dns.address }
  using folder = temporaryFolder()
  // The very first start is in it: what it makes, down to the data folder's own name, is as easily lost.
  const [nothing, world, log] = ['nothing', 'world', 'log'].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ]
  for (const path of [nothing, world]) mkdirSync(path)
  const ledger = new Ledger(BOXES, { localSends: false })
  {
    const options = ['-y', '-xx', '-s', '4000000', '-o', log, '-e', `trace=${DISK_CALLS}`]
    await using server = await startServer(join(world, 'data'), env, [...strace, ...options])
    await makeInboxes(server)
    {
      await using _load = loadOf(server, ledger, 2)
      await delay(1_500)
    }
    await server.stop('SIGKILL')
  }
  const steps = readDiskLog(readFileSync(log, 'latin1'))
  const told = steps.filter((s) => s.kind === 'told' && acknowledgedBy(s).length > 0)
  console.log(`${steps.length} steps, ${told.length} answers with something in them`)
  expect(told.length).toBeGreaterThan(20)
  const crash = async (disk: LossyDisk, acknowledged: string[]) => {
    const image = mkdtempSync(join(folder.path, 'image-'))
    disk.crash(image)
    await using server = await startServer(join(image, 'data'), env)
    return await missing(server, ledger, acknowledged)
  }
  const [disk, liar] = [new LossyDisk(nothing, world), new LossyDisk(nothing, world, { lies: true })]
  const acknowledged: string[] = []
  const moments = Array.from({ length: CUTS }, (_, cut) => momentOf(steps, told, cut)).sort((a, b) => a - b)
  for (const step of steps) {
    while (moments.length > 0 && step.at >= (moments[0] ?? 0)) {
      moments.shift()
      const problems = await crash(disk, acknowledged)
      console.log(`power cut at line ${step.at}: ${acknowledged.length} acknowledged, ${problems.length} problems`)
      expect(problems).toEqual([])
    }
    disk.do(step)
    liar.do(step)
    acknowledged.push(...acknowledgedBy(step))
  }
  // The same load on a disk that only says it synced: were nothing missing then, this test would prove nothing.
  expect(await crash(liar, acknowledged).catch((error: unknown) => [String(error)])).not.toEqual([])
}, 600_000)

/** Every second one just behind an answer, where a lie would show. */
function momentOf(steps: Step[], told: Step[], cut: number): number {
  const [first = 0, last = 1] = [told[0]?.at, steps.at(-1)?.at]
  return cut % 2 === 0 ? (told[randomInt(told.length)]?.at ?? 0) + 1 : randomInt(first, last)
}

/** The ids of what this answer says is safe now. */
function acknowledgedBy(step: Step): string[] {
  if (step.kind !== 'told') return []
  const mails = [...step.text.matchAll(/^250 2\.0\.0 Ok: queued as ([0-9a-f-]{36})/gm)].map((m) =>
    printId('message', m[1] ?? ''),
  )
  const sends = [...step.text.matchAll(/"message_id":"(msg_\w+)"/g)].map((m) => m[1] ?? '')
  return [...mails, ...sends]
}

async function missing(server: TestServer, ledger: Ledger, ids: string[]): Promise<string[]> {
  const api = apiClient(server.url, server.apiKey)
  const { boxes, problems } = await takeInventory(server, BOXES)
  const listed = new Map([...boxes].flatMap(([box, items]) => items.map((m) => [m.message_id, { ...m, box }])))
  for (const id of ids) {
    const found = listed.get(id)
    if (!found) {
      problems.push(`${id} is lost`)
      continue
    }
    const { body } = await api.get(`/inboxes/${found.box}/messages/${id}`)
    const sha256 = createHash('sha256')
      .update(await api.bytes(`/inboxes/${found.box}/messages/${id}/eml`))
      .digest('hex')
    const meant = found.direction === 'inbound' ? ledger.mails.get(found.subject)?.sha256 : body.sha256
    if (sha256 !== meant) problems.push(`${id} has other bytes`)
  }
  return problems
}
