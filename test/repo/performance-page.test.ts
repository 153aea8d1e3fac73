import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')

test('the page of the measurements has one place for each part of the bench, and none for others', () => {
  const [, table = ''] = /const parts = \{\n([\s\S]*?)\n\}/.exec(read('bench/run.ts')) ?? []
  const parts = [...table.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name)
  const page = read('docs/performance.md')
  const places = (mark: string) => [...page.matchAll(new RegExp(`^<!-- ${mark}: (\\w+) -->$`, 'gm'))].map(([, n]) => n)
  expect(parts).toContain('webhooks')
  expect(places('figures').toSorted()).toEqual(parts.toSorted())
  expect(places('end')).toEqual(places('figures'))
})
