import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/server-process.ts'
import { startEmptyDns } from './empty-dns.ts'
import { list, mailOnce, residentBytes, timed } from './probe.ts'
import { BOXES, makeInboxes, startServer, type TestServer } from './server.ts'

const [box = ''] = BOXES
const WITHIN_MS = 1_000
const folder = temporaryFolder()
let dns: Awaited<ReturnType<typeof startEmptyDns>>
let server: TestServer
beforeAll(async () => {
  dns = await startEmptyDns()
  server = await startServer(folder.path, { POSTHOUSE_DNS: dns.address })
  await makeInboxes(server)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await dns[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** Many connections, each of which says this a byte a second, from the first byte on that is not in `atOnce`. */
async function crowd(
  port: number,
  size: number,
  atOnce: string,
  slowly = '',
): Promise<Disposable & { lost: () => number }> {
  const sockets: Socket[] = []
  let lost = 0
  for (let i = 0; i < size; i++) {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(atOnce))
    socket.on('error', () => {}).on('close', () => lost++)
    socket.resume()
    sockets.push(socket)
    if (i % 100 === 99) await delay(20)
  }
  let at = 0
  const drip = setInterval(() => {
    const byte = slowly[at++ % slowly.length]
    if (byte !== undefined) for (const socket of sockets) socket.write(byte)
  }, 1_000)
  return {
    lost: () => lost,
    [Symbol.dispose]() {
      clearInterval(drip)
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** The slowest of a few normal clients, over some seconds. */
async function served(): Promise<{ mailMs: number; listMs: number; mib: number }> {
  let [mailMs, listMs] = [0, 0]
  for (let i = 0; i < 20; i++) {
    mailMs = Math.max(mailMs, await timed(() => mailOnce(server, box)))
    listMs = Math.max(listMs, await timed(() => list(server, box)))
    await delay(100)
  }
  return { mailMs, listMs, mib: residentBytes(server.pid) >> 20 }
}

test('two thousand idle SMTP clients and two thousand slow ones leave a normal mail quick', async () => {
  const before = await served()
  using idle = await crowd(server.smtpPort, 2_000, 'EHLO idle.test\r\n')
  const data = `EHLO slow.test\r\nMAIL FROM:<a@slow.test>\r\nRCPT TO:<${box}>\r\nDATA\r\nSubject: slow\r\n`
  using slow = await crowd(server.smtpPort, 1_000, data, 'word ')
  using slower = await crowd(server.smtpPort, 1_000, '', 'EHLO ')
  const crowded = await served()
  console.log(`alone ${JSON.stringify(before)}, in the crowd ${JSON.stringify(crowded)}`)
  expect([idle.lost(), slow.lost(), slower.lost()]).toEqual([0, 0, 0])
  expect(Math.max(crowded.mailMs, crowded.listMs)).toBeLessThan(WITHIN_MS)
  expect(crowded.mib).toBeLessThan(600)
}, 60_000)

test('two thousand slow HTTP clients leave a normal request and a normal mail quick', async () => {
  const port = Number(new URL(server.url).port)
  using headers = await crowd(port, 1_000, 'GET /api/v0/inboxes HTTP/1.1\r\nHost: x\r\n', 'X-Slow: word\r\n')
  const post = `POST /api/v0/inboxes/${box}/messages/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.apiKey}\r\n`
  using bodies = await crowd(
    port,
    1_000,
    `${post}Content-Type: application/json\r\nContent-Length: 10000000\r\n\r\n`,
    ' ',
  )
  const crowded = await served()
  console.log(`in the crowd ${JSON.stringify(crowded)}, sent away ${headers.lost()} and ${bodies.lost()}`)
  expect(Math.max(crowded.mailMs, crowded.listMs)).toBeLessThan(WITHIN_MS)
  expect(crowded.mib).toBeLessThan(600)
}, 60_000)
