import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { temporaryFolder } from '../support/server-process.ts'
import { auditAll } from './audit.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { loadOf } from './load.ts'
import { startRecordingSink, takenTwice } from './recording-sink.ts'
import { BOXES, makeInboxes, startServer } from './server.ts'

const LONG = process.env.POSTHOUSE_LONG !== undefined

test('a PostgreSQL that goes away twice under load costs 451 and 503, and nothing that was acknowledged', async () => {
  const postgres = await startPostgres()
  try {
    using folder = temporaryFolder()
    await using sink = await startRecordingSink()
    await using dns = await startEmptyDns()
    await using server = await startServer(folder.path, {
      POSTHOUSE_DNS: dns.address,
      POSTHOUSE_DELIVERY: `smtp://127.0.0.1:${sink.port}`,
      POSTHOUSE_DATABASE_URL: postgres.url,
      POSTHOUSE_LOG: 'fatal',
    })
    await makeInboxes(server)
    // A local delivery that finds the store away is tried again a minute later: for those who have the time.
    const ledger = new Ledger(BOXES, { localSends: LONG })
    {
      await using _load = loadOf(server, ledger, 4)
      for (let i = 0; i < 2; i++) {
        await delay(1_500)
        await postgres.pause()
        await delay(1_500)
        expect((await fetch(`${server.url}/readyz`)).status).toBe(503)
        await postgres.resume()
        const [back, before] = [Date.now(), ledger.count(ledger.mails, 'acknowledged')]
        await expect
          .poll(() => ledger.count(ledger.mails, 'acknowledged'), { timeout: 20_000 })
          .toBeGreaterThan(before + 10)
        console.log(`mail again ${Date.now() - back} ms after PostgreSQL was back`)
        expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
      }
    }
    const { problems } = await auditAll(server, ledger, BOXES)
    console.log(
      `${ledger.count(ledger.mails, 'acknowledged')} mails, ${ledger.count(ledger.sends, 'acknowledged')} sends, ` +
        `${sink.taken.length} handed over; ${JSON.stringify(Object.fromEntries(ledger.refusals))}`,
    )
    expect(problems).toEqual([])
    expect(takenTwice(sink)).toEqual([])
    const unclear = [...ledger.refusals.keys()].filter(
      (a) => !/^(envelope )?45[12] |^503 .*retry-after=\d|^409 /.test(a),
    )
    expect(unclear.filter((a) => !a.startsWith('envelope 554 5.5.1'))).toEqual([])
  } finally {
    await postgres.stop()
  }
}, 180_000)

test('two nodes on one PostgreSQL deliver everything once, whichever took it', async () => {
  await using database = await freshDatabase()
  using folder = temporaryFolder()
  await using sink = await startRecordingSink()
  await using dns = await startEmptyDns()
  const env = {
    POSTHOUSE_DNS: dns.address,
    POSTHOUSE_DELIVERY: `smtp://127.0.0.1:${sink.port}`,
    POSTHOUSE_DATABASE_URL: database.url,
  }
  await using one = await startServer(folder.path, env)
  await using two = await startServer(folder.path, env)
  await makeInboxes(one)
  const ledger = new Ledger(BOXES)
  {
    await using _atOne = loadOf(one, ledger)
    await using _atTwo = loadOf(two, ledger)
    await delay(4_000)
    // What the dead node held is taken over when its lease has run out: for those who have the time.
    if (LONG) await two.stop('SIGKILL')
    if (LONG) await delay(2_000)
  }
  const { problems } = await auditAll(one, ledger, BOXES)
  const twice = takenTwice(sink)
  console.log(
    `${ledger.count(ledger.mails, 'acknowledged')} mails, ${ledger.count(ledger.sends, 'acknowledged')} sends, ` +
      `${sink.taken.length} handed over, ${twice.length} of them twice`,
  )
  expect(problems).toEqual([])
  // A yes that the dead node could not record any more.
  expect(twice.length).toBeLessThanOrEqual(LONG ? 16 : 0)
}, 240_000)
