import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/server-process.ts'
import { auditAll } from './audit.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { runLoad } from './load.ts'
import { startRecordingSink, takenTwice } from './recording-sink.ts'
import { BOXES, makeInboxes, startServer } from './server.ts'
import { SmtpWire } from './smtp-wire.ts'

test('SIGTERM under load drains within ten seconds, exits with 0, and leaves nothing undone that was acknowledged', async () => {
  using folder = temporaryFolder()
  await using sink = await startRecordingSink(50)
  await using dns = await startEmptyDns()
  const env = { POSTHOUSE_DNS: dns.address, POSTHOUSE_DELIVERY: `smtp://127.0.0.1:${sink.port}` }
  const ledger = new Ledger(BOXES)
  for (let cycle = 0; cycle < 3; cycle++) {
    await using server = await startServer(folder.path, env)
    if (cycle === 0) await makeInboxes(server)
    // The last time the next hop takes longer than a shutdown can wait.
    sink.delayMs = cycle === 2 ? 60_000 : 50
    const stop = new AbortController()
    const load = runLoad(server, ledger, { smtpConnections: 4, apiClients: 4 }, stop.signal)
    // Who says nothing, who stops in the middle of a message, and who leaves a request half said.
    const idle = await SmtpWire.open(server.smtpPort)
    const halfway = await SmtpWire.open(server.smtpPort)
    halfway.write(`MAIL FROM:<a@load.test>\r\nRCPT TO:<${BOXES[0]}>\r\nDATA\r\n`)
    for (let i = 0; i < 3; i++) await halfway.reply()
    halfway.write('Subject: half\r\n\r\nand then')
    const halfRequest = new SmtpWire(Number(new URL(server.url).port))
    halfRequest.write(
      `POST /api/v0/inboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.apiKey}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    )
    await delay(1_200)
    const asked = performance.now()
    const code = await server.stop('SIGTERM')
    const ms = Math.round(performance.now() - asked)
    stop.abort()
    await load
    for (const wire of [idle, halfway, halfRequest]) wire.close()
    console.log(`SIGTERM ${cycle}: exit code ${code} after ${ms} ms`)
    expect({ code, output: server.output().match(/^.*"level":(50|60).*$/gm) }).toEqual({ code: 0, output: null })
    expect(ms).toBeLessThan(10_000)
  }
  sink.delayMs = 20
  await using server = await startServer(folder.path, env)
  const { problems } = await auditAll(server, ledger, BOXES)
  expect(problems).toEqual([])
  expect(takenTwice(sink)).toEqual([])
  console.log(`${ledger.count(ledger.mails, 'acknowledged')} mails and ${sink.taken.length} deliveries, none twice`)
}, 120_000)
