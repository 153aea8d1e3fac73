import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FakeRecords } from '../../../../test/fakes/dns-zone.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'
import { publish } from '../../../../test/support/published.ts'

const zone: Record<string, FakeRecords> = {}
let t: TestApp

beforeAll(async () => {
  t = await testApp()
  const { fakeResolver } = await import('../../../../test/fakes/dns-zone.ts')
  const live = () => fakeResolver(zone)
  t.app.freshResolver = {
    txt: (name) => live().txt(name),
    a: (name) => live().a(name),
    aaaa: (name) => live().aaaa(name),
    mx: (name) => live().mx(name),
    cname: (name) => live().cname(name),
    ptr: (name) => live().ptr(name),
  }
})
afterAll(() => t[Symbol.asyncDispose]())

const verify = async (name: string) => {
  t.clock.advance(11_000)
  expect((await t.call('POST', `/v0/domains/${name}/verify`)).status).toBe(204)
  return (await t.call('GET', `/v0/domains/${name}`)).body
}
const show = (records: object[]) => Object.assign(zone, publish(...(records as never[])))

test('names below a verified domain make it wait for their record', async () => {
  const { body: made } = await t.call('POST', '/v0/domains', { body: { domain: 'wide.example' } })
  show(made.records)
  expect(await verify('wide.example')).toMatchObject({ status: 'VERIFIED' })
  const { body: plain } = await t.call('PATCH', '/v0/domains/wide.example', { body: { feedback_enabled: false } })
  expect(plain).toMatchObject({ status: 'VERIFIED', feedback_enabled: false })
  const { body: widened } = await t.call('PATCH', '/v0/domains/wide.example', { body: { subdomains_enabled: true } })
  expect(widened).toMatchObject({ status: 'PENDING', reason: 'dns_records_missing', subdomains_enabled: true })
  const below = { username: 'x', domain: 'a.wide.example' }
  expect((await t.call('POST', '/v0/inboxes', { body: below })).body.code).toBe('domain_not_verified')
  show(widened.records)
  expect(await verify('wide.example')).toMatchObject({ status: 'VERIFIED' })
  expect((await t.call('POST', '/v0/inboxes', { body: below })).body.email).toBe('x@a.wide.example')
  expect((await t.call('DELETE', '/v0/domains/wide.example')).body.code).toBe('cannot_delete')
})

test('a record that says something else tells what is wrong', async () => {
  const { body: made } = await t.call('POST', '/v0/domains', { body: { domain: 'wrong.example' } })
  show(made.records)
  zone['wrong.example'] = { mx: ['mx.elsewhere.example'], txt: ['v=spf1 mx ~all', 'v=spf1 -all'] }
  const { status, reason, records } = await verify('wrong.example')
  expect([status, reason]).toEqual(['PENDING', 'dns_records_invalid'])
  expect(records.slice(0, 2)).toMatchObject([{ reason: 'value_mismatch' }, { reason: 'duplicate_records' }])
  expect(records[2]).not.toHaveProperty('reason')
})

describe('refusals', () => {
  test.each([
    ['no flags', 'PATCH', '/v0/domains/wide.example', {}, 400],
    ['a flag that is no boolean', 'PATCH', '/v0/domains/wide.example', { tracking_enabled: 'yes' }, 400],
    ['an unknown domain', 'PATCH', '/v0/domains/unknown.example', { feedback_enabled: true }, 404],
    ['verifying an unknown one', 'POST', '/v0/domains/unknown.example/verify', undefined, 404],
    ['the zone file of an unknown one', 'GET', '/v0/domains/unknown.example/zone-file', undefined, 404],
    ['the setup link of an unknown one', 'GET', '/v0/domains/unknown.example/setup-link', undefined, 404],
    ['a public suffix', 'POST', '/v0/domains', { domain: 'co.uk' }, 400],
    ['an inbox below a domain that is closed', 'POST', '/v0/inboxes', { domain: 'a.wrong.example' }, 422],
    ['an inbox in a domain of nobody', 'POST', '/v0/inboxes', { domain: 'nobody.example' }, 400],
  ])('%s', async (_case, method, path, body, status) => {
    expect((await t.call(method, path, { body })).status).toBe(status)
  })

  test.each(['PATCH', 'DELETE', 'GET'])("another organization's domain is not found: %s", async (method) => {
    const key = await t.organization()
    const body = method === 'PATCH' ? { feedback_enabled: true } : undefined
    expect((await t.call(method, '/v0/domains/wide.example', { key, body })).status).toBe(404)
  })
})
