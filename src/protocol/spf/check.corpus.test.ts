import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type FakeRecords, fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { checkSpf } from './check.ts'

interface Case {
  helo: string
  host: string
  mailfrom: string
  result: string | string[]
  explanation?: string
}

type Published = 'TIMEOUT' | Record<string, unknown>

const corpus = join(import.meta.dirname, '../../../../shared/corpora/spf/rfc7208-tests.yml')

test('every case of the RFC 7208 test suite has its result and explanation', async () => {
  const wrong: string[] = []
  let total = 0
  for (const document of parseAllDocuments(readFileSync(corpus, 'utf8'))) {
    const { tests, zonedata } = document.toJS() as {
      tests: Record<string, Case>
      zonedata: Record<string, Published[]>
    }
    const zone = Object.fromEntries(Object.entries(zonedata).map(([name, records]) => [name, toRecords(records)]))
    for (const [name, wanted] of Object.entries(tests)) {
      total++
      const problem = await judge(wanted, zone)
      if (problem) wrong.push(`${name}: ${problem}`)
    }
  }
  console.log(`SPF corpus: ${total - wrong.length} of ${total}`)
  expect(wrong).toEqual([])
  expect(total).toBe(203)
})

async function judge(wanted: Case, zone: Record<string, FakeRecords>): Promise<string | null> {
  const { host, helo, mailfrom } = wanted
  const { result, explanation } = await checkSpf({ ip: host, helo, mailFrom: mailfrom, resolver: fakeResolver(zone) })
  if (![wanted.result].flat().includes(result)) return `${result} instead of ${wanted.result}`
  if (wanted.explanation === undefined || wanted.explanation === (explanation ?? 'DEFAULT')) return null
  return `explanation ${explanation}`
}

/** Type SPF is served as TXT unless the name lists a TXT of its own, `NONE` among them. */
function toRecords(published: Published[]): FakeRecords {
  const listed = published.filter((entry) => entry !== 'TIMEOUT')
  const all = (type: string) => listed.flatMap((entry) => (type in entry ? [entry[type]] : []))
  const texts = (all('TXT').length > 0 ? all('TXT') : all('SPF')).filter((text) => text !== 'NONE')
  const [cname] = all('CNAME') as string[]
  return {
    txt: texts as (string | string[])[],
    a: all('A') as string[],
    aaaa: all('AAAA') as string[],
    mx: (all('MX') as [number, string][]).map(([priority, exchange]) => ({ priority, exchange })),
    ptr: all('PTR') as string[],
    timeout: published.includes('TIMEOUT'),
    ...(cname === undefined ? {} : { cname }),
  }
}
