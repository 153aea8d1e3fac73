import { expect, test } from 'vitest'
import { testApp } from '../../../../test/support/app.ts'
import { secretsFrom } from '../../secrets.ts'
import { clearRoute, listRoutes, setRoute } from './routes.ts'

const DOMAIN = 'posthouse.test'
const shown = async ({ app }: Awaited<ReturnType<typeof testApp>>) =>
  (await listRoutes(app)).map(({ name, route }) => [name, route])

test('a route is kept sealed, listed, replaced and taken away', async () => {
  await using t = await testApp()
  await setRoute(t.app, DOMAIN.toUpperCase(), 'smtps://me:geheim@relay.test')
  const [kept] = await t.app.store.read.domains.routes()
  expect(Buffer.from(kept?.sealedRoute ?? '', 'base64').includes('geheim')).toBe(false)
  const smarthost = { kind: 'smarthost', host: 'relay.test', port: 465, secure: true, user: 'me', password: 'geheim' }
  expect(await shown(t)).toEqual([[DOMAIN, smarthost]])
  await setRoute(t.app, DOMAIN, 'sandbox')
  expect(await shown(t)).toEqual([[DOMAIN, { kind: 'sandbox' }]])
  await clearRoute(t.app, DOMAIN)
  expect(await shown(t)).toEqual([])
})

test('what is no route or no domain is refused', async () => {
  await using t = await testApp()
  await expect(setRoute(t.app, DOMAIN, 'pigeon:geheim')).rejects.toMatchObject({ code: 'invalid' })
  await expect(setRoute(t.app, 'other.test', 'direct')).rejects.toMatchObject({ code: 'not_found' })
  await expect(clearRoute(t.app, 'other.test')).rejects.toMatchObject({ code: 'not_found' })
})

test('under another master secret no route can be read', async () => {
  await using t = await testApp()
  await setRoute(t.app, DOMAIN, 'direct')
  t.app.secrets = secretsFrom('another')
  expect(await shown(t)).toEqual([[DOMAIN, null]])
})
