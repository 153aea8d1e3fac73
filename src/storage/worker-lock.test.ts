import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WorkerLock } from './worker-lock.ts'

test('the first to come is alone, the next is not, and whoever comes when all are gone is alone again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  const path = join(folder, 'workers')
  const told: string[] = []
  const joined = async (name: string) => {
    const lock = new WorkerLock(path)
    await lock.join(async () => told.push(name))
    return lock
  }
  {
    using _first = await joined('first')
    using _second = await joined('second')
  }
  using _third = await joined('third')
  expect(told).toEqual(['first', 'third'])
  rmSync(folder, { recursive: true })
})

test('a file that is no database any more is made anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  const path = join(folder, 'workers')
  writeFileSync(path, 'nonsense '.repeat(1000))
  let alone = 0
  using first = new WorkerLock(path)
  await first.join(async () => alone++)
  using second = new WorkerLock(path)
  await second.join(async () => alone++)
  expect(alone).toBe(1)
  rmSync(folder, { recursive: true })
})
