import { expect, test } from 'vitest'
import { testSmtp } from '../../../test/support/smtp.ts'
import type { LineClient } from '../../../test/support/transcript.ts'

const ok = '250 2.0.0 Ok'
const nobody = '550 5.1.1 No such mailbox here'

async function greeted(client: LineClient): Promise<void> {
  await client.reply()
  await client.command('EHLO client.example')
}

test('who says much and sends no mail is sent away; a mail makes good for it', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await greeted(client)
  const talk = async (times: number) => {
    for (let i = 0; i < times; i++) expect(await client.command(i % 2 ? 'NOOP' : 'RSET')).toBe(ok)
  }
  await talk(99)
  for (const text of ['MAIL FROM:<eve@example.com>', 'RCPT TO:<ada@posthouse.test>', 'DATA']) await client.command(text)
  expect(await client.command('Subject: x\r\n\r\ny\r\n.')).toMatch(/^250 /)
  await talk(119)
  expect(await client.command('NOOP')).toBe('421 4.7.0 Too many mistakes')
  expect(await client.reply()).toBeNull()
})

test('a list of dead addresses is heard to its end, but for a harvest', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await greeted(client)
  for (let i = 1; i < 500; i++) {
    await client.command('MAIL FROM:<list@example.com>')
    expect(await client.command(`RCPT TO:<nobody${i}@posthouse.test>`)).toBe(nobody)
    expect(await client.command('RSET')).toBe(ok)
  }
  await client.command('MAIL FROM:<list@example.com>')
  expect(await client.command('RCPT TO:<nobody500@posthouse.test>')).toBe(nobody)
  expect(await client.reply()).toBe('421 4.7.0 Too many unknown recipients')
})

test('a recipient that is taken, and a message that is refused at its end, are no idle talk', async () => {
  await using smtp = await testSmtp({ settings: { maxMessageBytes: 2_000, usualMessageBytes: 2_000 } })
  using client = await smtp.connect()
  await greeted(client)
  const talk = async (times: number) => {
    for (let i = 0; i < times; i++) expect(await client.command('NOOP')).toBe(ok)
  }
  for (let i = 0; i < 3; i++) {
    await talk(100)
    await client.command('MAIL FROM:<eve@example.com>')
    expect(await client.command('RCPT TO:<ada@posthouse.test>')).toBe('250 2.1.5 Recipient ok')
    await talk(100)
    await client.command('DATA')
    expect(await client.command(`Subject: x\r\n\r\n${'x'.repeat(2_000)}\r\n.`)).toMatch(/^552 /)
  }
})

test('mails that are begun and taken back come to an end too', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await greeted(client)
  await client.send('MAIL FROM:<eve@example.com>\r\nRCPT TO:<ada@posthouse.test>\r\nRSET\r\n'.repeat(501))
  for (let i = 1; i < 500; i++) {
    expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
      '250 2.1.0 Sender ok',
      '250 2.1.5 Recipient ok',
      ok,
    ])
  }
  await client.reply()
  await client.reply()
  expect(await client.reply()).toBe('421 4.7.0 Too many abandoned mails')
  expect(await client.reply()).toBeNull()
})

test('a NOOP now and then may come for ever; many at once behind a pause may not', async () => {
  await using smtp = await testSmtp()
  using client = await smtp.connect()
  await greeted(client)
  for (let i = 0; i < 300; i++) {
    smtp.clock.advance(1_001)
    expect(await client.command('NOOP')).toBe(ok)
  }
  smtp.clock.advance(60_000)
  await client.send('NOOP\r\n'.repeat(200))
  for (let i = 0; i < 119; i++) expect(await client.reply()).toBe(ok)
  expect(await client.reply()).toBe('421 4.7.0 Too many mistakes')
})
