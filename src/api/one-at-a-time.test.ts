import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { oneAtATime } from './one-at-a-time.ts'

test('requests that come at once on one connection are handled one after the other, and answered in their order', async () => {
  let [underWay, most] = [0, 0]
  const listener = oneAtATime(async ({ url }, outgoing) => {
    most = Math.max(most, ++underWay)
    await new Promise(setImmediate)
    underWay--
    outgoing.end(`<${url}>`)
  })
  await using server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const paths = Array.from({ length: 200 }, (_, i) => `/${i}`)
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
  let answers = ''
  for await (const chunk of socket) {
    answers += chunk
    if (answers.includes('</199>')) break
  }
  expect(answers.match(/<[^>]*>/g)).toEqual(paths.map((path) => `<${path}>`))
  expect(most).toBe(1)
})
