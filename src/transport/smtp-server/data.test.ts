import { createHash, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { type TestSmtp, testSmtp } from '../../../test/support/smtp.ts'

/** For the tables, which would start many. */
const shared = await testSmtp()
afterAll(() => shared[Symbol.asyncDispose]())

const head = 'Subject: Odd\r\n\r\n'

/** Sends a message from DATA on, in these segments, and answers the reply. */
async function deliver(smtp: TestSmtp, segments: string[]): Promise<string | null> {
  using client = await smtp.atData()
  for (const segment of segments) await client.send(segment)
  return await client.reply()
}

test.each(['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\r.\n', '\n.\r', '\n\n.\n\n', '\r\n.\r\r\n'])(
  'a message behind %j is not smuggled in: the whole is refused',
  async (end) => {
    const before = await shared.messages('ada')
    const second = 'MAIL FROM:<eve@example.com>\r\nRCPT TO:<bob@posthouse.test>\r\nDATA\r\nSubject: Evil\r\n\r\nHi'
    using client = await shared.atData()
    await client.send(`${head}Hi${end}${second}`)
    expect(await client.command('\r\n.')).toBe('554 5.5.2 A dot stands alone between bare line ends')
    expect(await client.command('NOOP')).toBe('250 2.0.0 Ok')
    expect([await shared.messages('ada'), await shared.messages('bob')]).toEqual([before, []])
  },
)

test.each([
  ['\n..\n', '\n..\n'],
  ['\n..\r\n', '\n..\r\n'],
  ['\r\n..\n', '\r\n.\n'],
  ['\r\n..\r\n', '\r\n.\r\n'],
  ['\r..\r', '\r..\r'],
  ['\n.x\n', '\n.x\n'],
  ['\0.\0', '\0.\0'],
  ['\r\n\0.\r\n', '\r\n\0.\r\n'],
  ['\r\r\n', '\r\r\n'],
])('%j inside a message is content', async (wire, content) => {
  expect(await deliver(shared, [`${head}a${wire}b\r\n.\r\n`])).toMatch(/^250 /)
  expect((await shared.raw('ada')).toString('latin1')).toBe(`${head}a${content}b\r\n`)
})

test('the bytes are kept as they came, wherever they were cut', async () => {
  await using smtp = await testSmtp()
  const body = 'caf\xe9\xff\0\nbare\r\n..\r\n...\r\n.a\r\n'
  for (const [i, size] of [1, 2, 3, 5, 7].entries()) {
    const wire = `${head}${body}${size}\r\n.\r\n`
    const segments = Array.from({ length: Math.ceil(wire.length / size) }, (_, n) =>
      wire.slice(n * size, (n + 1) * size),
    )
    expect(await deliver(smtp, segments)).toMatch(/^250 /)
    expect(await smtp.messages('ada')).toHaveLength(i + 1)
    expect((await smtp.raw('ada')).toString('latin1')).toBe(`${head}caf\xe9\xff\0\nbare\r\n.\r\n..\r\na\r\n${size}\r\n`)
  }
})

test('large messages go through the spool and come out whole', async () => {
  await using smtp = await testSmtp()
  const body = randomBytes(3_000_000).toString('base64').replace(/.{76}/g, '$&\r\n')
  const message = Buffer.from(`${head}${body}\r\n`)
  using client = await smtp.atData()
  await client.send(message)
  expect(await client.command('.')).toMatch(/^250 /)
  const [kept] = await smtp.messages('ada')
  expect(kept?.sha256).toBe(createHash('sha256').update(message).digest('hex'))
  expect((await smtp.raw('ada')).equals(message)).toBe(true)
  expect(await smtp.spooled()).toEqual([])
})

test('a message over the limit is heard to its end and refused', async () => {
  await using smtp = await testSmtp({ settings: { maxMessageBytes: 10_000 } })
  using client = await smtp.atData()
  await client.send(head + 'x'.repeat(10_000))
  expect(await client.command('\r\n.')).toBe('552 5.3.4 The limit is 10000 bytes')
  await client.command('MAIL FROM:<eve@example.com>')
  await client.command('RCPT TO:<ada@posthouse.test>')
  await client.command('DATA')
  expect(await client.command(`${head}${'x'.repeat(10_000 - head.length - 2)}\r\n.`)).toMatch(/^250 /)
  expect((await smtp.messages('ada')).map((m) => m.sizeBytes)).toEqual([10_000])
})

test('a message without end is cut off', async () => {
  await using smtp = await testSmtp({ settings: { maxMessageBytes: 10_000 } })
  using client = await smtp.atData()
  await client.send('x'.repeat(50_000))
  expect([await client.reply(), await client.reply()]).toEqual(['552 5.3.4 The message is far too large', null])
})

test('an empty message is a message', async () => {
  await using smtp = await testSmtp()
  expect(await deliver(smtp, ['.\r\n'])).toMatch(/^250 /)
  expect((await smtp.raw('ada')).length).toBe(0)
})

test('a message that trickles in for too long is given up', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.atData()
  await client.send(head)
  const reply = client.reply()
  let waiting = true
  reply.finally(() => {
    waiting = false
  })
  while (waiting) {
    smtp.clock.advance(3 * 60_000)
    await setImmediate()
  }
  expect(await reply).toBe('421 4.4.2 Waited too long')
})
