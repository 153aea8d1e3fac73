import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { DnsError, type Resolver } from '../dns/resolver.ts'
import { verifyDkim } from './verify-dkim.ts'

const corpus = resolve(import.meta.dirname, '../../../../shared/corpora/dkim')
const read = (file: string) => readFileSync(resolve(corpus, file))

interface Verdict {
  legacy: string
  now: string
}
interface Case extends Verdict {
  file: string
  comment?: string
  obsolete?: boolean
  signatures: Verdict[]
}

const cases = JSON.parse(read('cases.json').toString('utf8')) as Case[]
const zone = JSON.parse(read('dns.json').toString('utf8')) as Record<string, { txt?: string; rcode?: string }>

const resolver = {
  async txt(name: string) {
    const { txt, rcode } = zone[name] ?? { rcode: 'NXDOMAIN' }
    if (txt !== undefined) return [[txt]]
    throw new DnsError(rcode === 'NXDOMAIN' ? 'nxdomain' : rcode === 'TIMEOUT' ? 'timeout' : 'servfail', name)
  },
} as Resolver

// Between the newest signature and today; one case is about a signature that has expired long before.
const now = Date.UTC(2025, 0, 1)

// The corpus does not count a field that is no tag list at all as a signature.
const results = async (file: string, lenient: boolean) => {
  const all = await verifyDkim(read(file), { resolver, now, lenient })
  return all.filter(({ domain }) => domain !== null).map(({ result }) => result)
}

test('public mails get the verdict of today’s rules', async () => {
  let words = 0
  const wrong: string[] = []
  for (const { file, signatures } of cases) {
    const found = await results(file, false)
    const expected = signatures.map((signature) => signature.now)
    if (found.join() === expected.join()) words++
    else if (found.map((r) => r === 'pass').join() !== expected.map((r) => r === 'pass').join()) {
      wrong.push(`${file}: ${found} instead of ${expected}`)
    }
  }
  console.log(
    `dkim corpus, today: ${cases.length - wrong.length}/${cases.length} pass or not, ${words} same word`,
    wrong,
  )
  expect(wrong).toEqual([])
  expect(words).toBeGreaterThanOrEqual(59)
})

test('public mails get the verdict they had under the old rules', async () => {
  const current = cases.filter((c) => !c.obsolete)
  const wrong: string[] = []
  for (const { file, signatures } of current) {
    const found = await results(file, true)
    const expected = signatures.map(({ legacy }) => legacy.replace('invalid', 'error'))
    const words = found.map((word) => word.replace(/^(?:perm|temp)error$/, 'error'))
    if (words.join() !== expected.join()) wrong.push(`${file}: ${found} instead of ${expected}`)
  }
  console.log(`dkim corpus, legacy: ${current.length - wrong.length}/${current.length}`, wrong)
  expect(wrong).toEqual([])
})
