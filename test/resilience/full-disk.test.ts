import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { auditAll } from './audit.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { loadOf } from './load.ts'
import { startRecordingSink, takenTwice } from './recording-sink.ts'
import { BOXES, makeInboxes, startServer } from './server.ts'

const MB = 1024 * 1024
const LONG = process.env.POSTHOUSE_LONG !== undefined

/** A file system of its own that holds `bytes`; undefined where that takes rights that we have not. */
function smallDisk(bytes: number): (Disposable & { path: string }) | undefined {
  const path = mkdtempSync(join(tmpdir(), 'posthouse-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'pipe' })
  } catch {
    rmSync(path, { recursive: true })
    return undefined
  }
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', path])
      rmSync(path, { recursive: true })
    },
  }
}

test('a full disk is answered with 452 or 451 and 503, corrupts nothing, and is over when there is room again', async (context) => {
  using disk = smallDisk(96 * MB)
  if (!disk) return context.skip('needs the right to mount a tmpfs: run it as root')
  await using sink = await startRecordingSink()
  await using dns = await startEmptyDns()
  const env = { POSTHOUSE_DNS: dns.address, POSTHOUSE_DELIVERY: `smtp://127.0.0.1:${sink.port}` }
  const folder = join(disk.path, 'data')
  mkdirSync(folder)
  const ballast = join(disk.path, 'ballast')
  writeFileSync(ballast, Buffer.alloc(56 * MB))
  // A local delivery that finds the disk full is tried again a minute later: for those who have the time.
  const ledger = new Ledger(BOXES, { localSends: LONG })
  {
    await using server = await startServer(folder, { ...env, POSTHOUSE_LOG: 'fatal' })
    await makeInboxes(server)
    await using _load = loadOf(server, ledger)
    const full = () => [...ledger.refusals.keys()]
    await until(() => full().some((r) => /^45[12] /.test(r)) && full().some((r) => r.startsWith('503 ')), 60_000)
    // It stays so for a while, and is not made worse by who goes on trying.
    await delay(3_000)
    const ready = await fetch(`${server.url}/readyz`)
    console.log(`full: readyz ${ready.status} ${await ready.text()}, free ${statfsSync(disk.path).bavail * 4096} bytes`)
    expect(ready.status).toBe(503)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    const before = ledger.count(ledger.mails, 'acknowledged')
    truncateSync(ballast, 0)
    const freed = Date.now()
    await until(() => ledger.count(ledger.mails, 'acknowledged') > before + 20, 20_000)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    console.log(`mail again ${Date.now() - freed} ms after there was room`)
    expect(await server.stop('SIGTERM')).toBe(0)
  }
  await using server = await startServer(folder, env)
  const { problems } = await auditAll(server, ledger, BOXES)
  console.log(JSON.stringify(Object.fromEntries(ledger.refusals)))
  expect(problems).toEqual([])
  const answers = [...ledger.refusals.keys()]
  expect(
    answers.filter(
      (a) =>
        !/^(envelope )?(452 4\.3\.1|451 4\.3\.0|554 5\.5\.1|421 4\.3\.2)|^503 service_unavailable retry-after=\d|^409 conflict retry-after=1/.test(
          a,
        ),
    ),
  ).toEqual([])
  expect(takenTwice(sink)).toEqual([])
}, 180_000)

async function until(holds: () => boolean, timeoutMs: number): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !holds(); await delay(50)) {
    if (Date.now() > deadline) throw new Error('It never came true')
  }
}
