import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { newBlobKey } from '../../core/blob-key.ts'
import { LargeFiles } from './large-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('each file is listed once, page by page, whatever form its key has', async () => {
  const files = new LargeFiles(folder)
  await files.prepare()
  const keys: string[] = []
  for (let i = 0; i < 60; i++) {
    const bytes = randomBytes(20)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    // A few share their folders: what counts there is the name.
    const hash = i % 3 === 0 ? `abcd${sha256.slice(4)}` : sha256
    const key = i % 2 === 0 ? newBlobKey(hash) : `${hash}-0123456789abcdef`
    keys.push(key)
    await files.write(key, bytes, 1000)
    expect(await files.read(key)).toEqual(bytes)
  }
  const listed: string[] = []
  let after: string | null = ''
  while (after !== null) {
    const page: Awaited<ReturnType<LargeFiles['list']>> = await files.list(2000, after, 7)
    listed.push(...page.keys)
    after = page.next
  }
  expect(listed.toSorted()).toEqual(keys.toSorted())
  expect(new Set(listed).size).toBe(keys.length)
})
