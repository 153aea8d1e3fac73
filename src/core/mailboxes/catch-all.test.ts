import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildMailbox } from '../../../test/support/builders.ts'
import { type TestSmtp, testSmtp } from '../../../test/support/smtp.ts'
import { setCatchAll } from './catch-all.ts'
import { resolveRecipient } from './resolve-recipient.ts'

let it: TestSmtp
beforeAll(async () => {
  it = await testSmtp()
})
afterAll(() => it[Symbol.asyncDispose]())

const led = async (address: string) => (await resolveRecipient(it.app, address)).address
const nowhere = (address: string) => expect(led(address)).rejects.toMatchObject({ code: 'not_found' })

test('mail to an unknown address comes to the mailbox that catches all of its domain, and to no other way in', async () => {
  await nowhere('typo@posthouse.test')
  await setCatchAll(it.app, 'PostHouse.test', 'Ada@posthouse.test')
  expect(await led('Typo+tag@posthouse.test')).toBe('ada@posthouse.test')
  expect(await led('bob+tag@posthouse.test')).toBe('bob@posthouse.test')
  expect(await led('abuse@posthouse.test')).toBe('postmaster@posthouse.test')
  await nowhere('habcd1234-mp0fzxf7bpb449b9@posthouse.test')
  await expect(led('typo@elsewhere.test')).rejects.toMatchObject({ code: 'relay_denied' })
  expect((await it.call('GET', '/api/v0/inboxes/@posthouse.test')).status).toBe(404)
  const client = await it.atData('typo@posthouse.test')
  expect(await client.command('Subject: Lost\r\n\r\n.')).toMatch(/^250/)
  expect(await it.messages('ada')).toMatchObject([{ subject: 'Lost' }])
})

test('another one takes its place, and none refuses again', async () => {
  await setCatchAll(it.app, 'posthouse.test', 'bob@posthouse.test')
  expect(await led('typo@posthouse.test')).toBe('bob@posthouse.test')
  await setCatchAll(it.app, 'posthouse.test', null)
  await nowhere('typo@posthouse.test')
  await expect(setCatchAll(it.app, 'posthouse.test', null)).rejects.toMatchObject({ code: 'not_found' })
})

test('it goes with its mailbox', async () => {
  await it.call('POST', '/api/v0/inboxes', { body: { username: 'brief' } })
  await setCatchAll(it.app, 'posthouse.test', 'brief@posthouse.test')
  await it.call('DELETE', '/api/v0/inboxes/brief@posthouse.test')
  await nowhere('typo@posthouse.test')
})

test('only a mailbox whose organization has the domain catches all of it', async () => {
  const foreign = await buildMailbox(it.app.store)
  await expect(setCatchAll(it.app, 'elsewhere.test', foreign.address)).rejects.toMatchObject({ code: 'invalid' })
  await expect(setCatchAll(it.app, 'posthouse.test', 'nobody@posthouse.test')).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(setCatchAll(it.app, 'no domain', null)).rejects.toMatchObject({ code: 'invalid' })
})
