import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ByteBudget } from './byte-budget.ts'
import { SpoolFolder } from './spool.ts'

async function spoolFolder() {
  const path = await mkdtemp(join(tmpdir(), 'posthouse-spool-'))
  return { path, folder: new SpoolFolder(path), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

test('what a crash left behind is cleared away', async () => {
  await using spool = await spoolFolder()
  await writeFile(join(spool.path, '12-3.part'), 'half a mail')
  await writeFile(join(spool.path, 'notes.txt'), 'not ours')
  await spool.folder.prepare()
  expect(await readdir(spool.path)).toEqual(['notes.txt'])
})

test.each([0, 1, 128 * 1024, 128 * 1024 + 1, 1_000_000])('%i bytes come out as they went in', async (size) => {
  await using s = await spoolFolder()
  const bytes = randomBytes(size)
  {
    await using spool = s.folder.spool()
    for (let at = 0; at < size; at += 50_000) await spool.write(bytes.subarray(at, at + 50_000))
    expect(await readdir(s.path)).toHaveLength(size > 128 * 1024 ? 1 : 0)
    const { raw, sha256 } = await spool.read()
    expect(raw.equals(bytes)).toBe(true)
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
  expect(await readdir(s.path)).toEqual([])
  expect(s.folder.memory).toBe(0)
})

test('when many mails come at once, even small ones go to disk', async () => {
  await using s = await spoolFolder()
  await using mails = new AsyncDisposableStack()
  const small = Buffer.alloc(128 * 1024)
  for (let i = 0; i < 600; i++) await mails.use(s.folder.spool()).write(small)
  expect(s.folder.memory).toBeLessThanOrEqual(64 * 1024 * 1024)
  expect((await readdir(s.path)).length).toBe(600 - 512)
})

test('a budget is shared in the order of asking', async () => {
  const budget = new ByteBudget(100)
  const order: string[] = []
  const first = await budget.take(60)
  const large = budget.take(1_000).then((share) => {
    order.push('large')
    return share
  })
  const small = budget.take(10).then((share) => {
    order.push('small')
    return share
  })
  expect(order).toEqual([])
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  const whole = await large
  expect(order).toEqual(['large'])
  whole[Symbol.dispose]()
  ;(await small)[Symbol.dispose]()
  ;(await budget.take(100))[Symbol.dispose]()
  expect(order).toEqual(['large', 'small'])
})
