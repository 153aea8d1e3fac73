import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const forbidden = [
  ['src/protocol/spf', '../../core/errors.ts'],
  ['src/core/messages', '../../storage/schema.ts'],
  ['src/core/messages', '../../api/route.ts'],
  ['src/storage', '../transport/dns-resolver.ts'],
  ['src/transport', '../api/route.ts'],
  ['src/api', '../storage/schema.ts'],
  ['src/api/agents', '../team/ids.ts'],
  ['src/api/agents', '../../transport/dns-resolver.ts'],
] as const
const allowed = [
  ['src/core/messages', '../../protocol/spf/check.ts'],
  ['src/storage', '../core/errors.ts'],
  ['src/api/agents', '../route.ts'],
  ['src/api/agents', '../../core/mailboxes/mailboxes.ts'],
] as const

const folder = mkdtempSync(join(tmpdir(), 'import-rule-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Plants every import in a tree of its own, under the project's own rules, and answers the files in which the rule fires. */
function plantAndLint(): Set<string> {
  const rules = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...rules, vcs: { enabled: false } }))
  for (const [at, [place, imported]] of [...forbidden, ...allowed].entries()) {
    const file = join(folder, place, `planted-${at}.ts`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `import { x } from '${imported}'\n\nexport const y = x\n`)
  }
  const biome = join(root, 'node_modules/.bin/biome')
  const run = spawnSync(biome, ['lint', '--max-diagnostics=none', 'src'], { cwd: folder, encoding: 'utf8' })
  const fired = `${run.stdout}${run.stderr}`.matchAll(/(src\S+planted-\d+\.ts)\S* lint\/style\/noRestrictedImports/g)
  return new Set([...fired].map((match) => match[1] ?? ''))
}

test('the import rule fires on every planted violation and on nothing else', () => {
  const expected = forbidden.map(([place], at) => `${place}/planted-${at}.ts`)
  expect([...plantAndLint()].sort()).toEqual(expected.sort())
})
