import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { fates, send } from '../../../test/support/outbound.ts'
import { clearRoute, setRoute } from '../domains/routes/routes.ts'
import { secretsFrom } from '../secrets.ts'
import type { DeliveryRoute } from './route.ts'
import { DeliveryWorker } from './worker.ts'

const RELAY = 'smtp://me:geheim@relay.test:587'
const direct = { settings: { route: { kind: 'direct' as const } } }

/** Notes by which way each mail leaves. */
function watch(t: TestApp): string[] {
  const seen: string[] = []
  const { sender } = t.app
  t.app.sender = {
    send(route, consignment) {
      seen.push(`${consignment.recipients.join()} by ${route.kind === 'smarthost' ? route.host : route.kind}`)
      return sender.send(route, consignment)
    },
  }
  return seen
}

test('mail takes the way of its domain, that of others takes the way of the server', async () => {
  await using t = await testApp(direct)
  await t.app.store.run('domains.ensure-platform', { name: 'other.test' })
  const [own, other] = [
    await buildMailbox(t.app.store),
    await buildMailbox(t.app.store, undefined, { domain: 'other.test' }),
  ]
  await setRoute(t.app, 'posthouse.test', RELAY)
  const seen = watch(t)
  await send(t, own, 'a@one.test')
  await send(t, other, 'b@one.test')
  await t.work()
  await clearRoute(t.app, 'posthouse.test')
  await send(t, own, 'c@one.test')
  await t.work()
  expect(seen.sort()).toEqual(['a@one.test by relay.test', 'b@one.test by direct', 'c@one.test by direct'])
})

test('a domain may leave the sandbox alone, or be kept in it', async () => {
  await using t = await testApp()
  const box = await buildMailbox(t.app.store)
  await setRoute(t.app, 'posthouse.test', 'direct')
  const sent = await send(t, box, 'a@one.test')
  await t.work()
  t.app.settings.route = { kind: 'direct' }
  await setRoute(t.app, 'posthouse.test', 'sandbox')
  const kept = await send(t, box, 'b@one.test')
  await t.work()
  expect([...(await fates(t, sent)), ...(await fates(t, kept))]).toEqual(['a@one.test sent', 'b@one.test captured'])
})

test('mail between mailboxes of this server stays here, whatever the way of the domain', async () => {
  await using t = await testApp()
  const [from, to] = [await buildMailbox(t.app.store), await buildMailbox(t.app.store)]
  await setRoute(t.app, 'posthouse.test', RELAY)
  const sent = await send(t, from, to.address)
  await t.work()
  expect(await fates(t, sent)).toEqual([`${to.address} delivered`])
  expect(t.handedOver).toEqual([])
})

test('a way that cannot be read holds the mail up, and no other is taken', async () => {
  await using t = await testApp(direct)
  const box = await buildMailbox(t.app.store)
  await setRoute(t.app, 'posthouse.test', RELAY)
  const sent = await send(t, box, 'a@one.test')
  t.app.secrets = secretsFrom('another')
  await t.work()
  expect(t.handedOver).toEqual([])
  const [delivery] = await t.app.store.read.outbound.ofMessage(sent.messageId)
  const text = 'The route of the sending domain cannot be read'
  expect(delivery).toMatchObject({ status: 'queued', attempts: [{ host: null, replyCode: null, text }] })
})

test('an own way that is stuck does not hold up the mail of others to the same destination', async () => {
  await using t = await testApp(direct)
  const [stuckBox, box] = [await buildMailbox(t.app.store), await buildMailbox(t.app.store)]
  await setRoute(t.app, 'posthouse.test', RELAY)
  const { domains } = t.app.store.read
  const routes = domains.routes.bind(domains)
  domains.routes = async () => (await routes()).map((route) => ({ ...route, orgId: stuckBox.orgId }))
  const stuck = Promise.withResolvers<void>()
  const arrived: DeliveryRoute['kind'][] = []
  const { sender } = t.app
  t.app.sender = {
    async send(route, consignment) {
      if (route.kind === 'smarthost') await stuck.promise
      arrived.push(route.kind)
      return sender.send(route, consignment)
    },
  }
  for (let i = 0; i < 100; i++) await send(t, stuckBox, `a${i}@one.test`)
  for (let i = 0; i < 100; i++) await send(t, box, `b${i}@one.test`)
  await using worker = new DeliveryWorker(t.app)
  await expect.poll(() => arrived.length).toBe(100)
  expect(new Set(arrived)).toEqual(new Set(['direct']))
  stuck.resolve()
  await worker.idle()
  expect(arrived).toHaveLength(200)
})
