import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { DnsError, type Resolver } from '../dns/resolver.ts'
import { verifyArc } from './verify-arc.ts'

const file = resolve(import.meta.dirname, '../../../../shared/corpora/arc/arc-draft-validation-tests.yml')

interface Document {
  tests: Record<string, { message: string; cv: string; description: string }>
  'txt-records': Record<string, string>
}

const documents = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Document)

const resolverOf = (zone: Record<string, string>) =>
  ({
    async txt(name: string) {
      const text = zone[name]
      if (text === undefined) throw new DnsError('nxdomain', name)
      return [[text]]
    },
  }) as Resolver

test('the chains of the ARC test suite get the verdict it asks for', async () => {
  const wrong: string[] = []
  let right = 0
  for (const { tests, 'txt-records': zone } of documents) {
    for (const [name, { message, cv, description }] of Object.entries(tests)) {
      const bytes = Buffer.from(message.replaceAll('\n', '\r\n'), 'utf8')
      const { result, reason } = await verifyArc(bytes, { resolver: resolverOf(zone), now: Date.UTC(2025, 0, 1) })
      // An empty verdict stands for a chain already sealed as broken.
      if (result === (cv.trim().toLowerCase() || 'fail')) right++
      else wrong.push(`${name} (${description}): ${result}, ${reason}`)
    }
  }
  console.log(`arc corpus: ${right}/${right + wrong.length}`, wrong)
  expect(wrong).toEqual([])
  expect(right).toBe(171)
})
