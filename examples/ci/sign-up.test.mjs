import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeInbox } from './inbox.mjs'
import { startShop } from './shop.mjs'

const { POSTHOUSE_SMTP_PORT = '2525' } = process.env
const smtp = { host: '127.0.0.1', port: Number(POSTHOUSE_SMTP_PORT), tls: { rejectUnauthorized: false } }

const post = (url, body) => fetch(url, { method: 'POST', body: JSON.stringify(body) })

test('a customer signs up with the code from the mail', async () => {
  await using shop = await startShop(smtp)
  await using inbox = await makeInbox('sign-up')
  const email = inbox.address

  const started = performance.now()
  assert.equal((await post(`${shop.url}/sign-up`, { email })).status, 202)
  const { subject, codes } = await inbox.next('code')
  const { status } = await post(`${shop.url}/confirm`, { email, code: codes[0].value })
  const ms = Math.round(performance.now() - started)

  assert.equal(subject, 'Welcome to the shop')
  assert.equal(status, 200)
  console.log(`from the sign-up to the confirmed code: ${ms} ms`)
  assert.ok(ms < 1000)
})

test('a wrong code does not do', async () => {
  await using shop = await startShop(smtp)
  await using inbox = await makeInbox('wrong-code')
  await post(`${shop.url}/sign-up`, { email: inbox.address })
  await inbox.next()
  assert.equal((await post(`${shop.url}/confirm`, { email: inbox.address, code: '000000' })).status, 403)
})
