import { expect, test } from 'vitest'
import { type FakeRecords, fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { manualClock } from '../../../test/support/clock.ts'
import { silentLog } from '../../core/log.ts'
import { policyFetcher } from './fetch-policy.ts'
import { StsPolicies } from './sts-policies.ts'

const text = (mode: string, maxAge = 86_400) => `version: STSv1\nmode: ${mode}\nmx: *.one.test\nmax_age: ${maxAge}\n`

/** Policies over a zone and a web that tests change as they go. */
function world() {
  const clock = manualClock()
  const records: FakeRecords = {}
  const setId = (id: string | null) => Object.assign(records, { txt: id === null ? [] : [`v=STSv1; id=${id}`] })
  const web: { answer: string | Error } = { answer: text('enforce') }
  const asked: string[] = []
  const policies = new StsPolicies({
    clock,
    log: silentLog,
    resolver: fakeResolver({ '_mta-sts.one.test': records }),
    async fetchPolicy(url) {
      asked.push(url)
      if (web.answer instanceof Error) throw web.answer
      return web.answer
    },
  })
  setId('1')
  return { clock, setId, web, asked, mode: async () => (await policies.policyFor('One.test'))?.mode ?? null }
}

test('a policy is fetched once and kept for its time', async () => {
  const { clock, asked, mode } = world()
  expect(await Promise.all([mode(), mode()])).toEqual(['enforce', 'enforce'])
  clock.advance(86_399_000)
  expect(await mode()).toBe('enforce')
  expect(asked).toEqual(['https://mta-sts.one.test/.well-known/mta-sts.txt'])
  clock.advance(2_000)
  expect(await mode()).toBe('enforce')
  expect(asked).toHaveLength(2)
})

test('a new id brings the new policy', async () => {
  const { setId, web, mode } = world()
  await mode()
  setId('2')
  web.answer = text('none')
  expect(await mode()).toBe('none')
})

test('without a record nothing is fetched', async () => {
  const { setId, asked, mode } = world()
  setId(null)
  expect(await mode()).toBe(null)
  expect(asked).toEqual([])
})

test('a record that is taken away does not end a policy before its time', async () => {
  const { clock, setId, mode } = world()
  await mode()
  setId(null)
  expect(await mode()).toBe('enforce')
  clock.advance(86_400_000)
  expect(await mode()).toBe(null)
})

test('a policy that cannot be had leaves the old one in force, and is asked for again after five minutes', async () => {
  const { clock, setId, web, asked, mode } = world()
  await mode()
  setId('2')
  web.answer = new Error('certificate has expired')
  expect([await mode(), await mode()]).toEqual(['enforce', 'enforce'])
  expect(asked).toHaveLength(2)
  clock.advance(300_001)
  web.answer = text('testing')
  expect(await mode()).toBe('testing')
})

test('a policy that cannot be read is none', async () => {
  const { web, mode } = world()
  web.answer = '<html>404</html>'
  expect(await mode()).toBe(null)
})

test.each<[number, string, boolean]>([
  [200, 'text/plain', true],
  [200, 'Text/Plain; charset=utf-8', true],
  [200, 'text/html', false],
  [200, 'text/plainly', false],
  [301, 'text/plain', false],
  [404, 'text/plain', false],
])('a policy answered with %i and %s is taken: %s', async (status, type, taken) => {
  const seen: unknown[] = []
  const fetch = policyFetcher({
    async fetch(url, request) {
      seen.push(request)
      return { url: new URL(url), status, headers: new Headers({ 'content-type': type }), body: Buffer.from('policy') }
    },
  })
  const answer = fetch('https://mta-sts.one.test/.well-known/mta-sts.txt')
  if (taken) expect(await answer).toBe('policy')
  else await expect(answer).rejects.toThrow()
  expect(seen).toEqual([{ timeoutMs: 10_000, maxBytes: 65_536, excess: 'refuse', maxRedirects: 0 }])
})
