import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqliteMigrations } from '../migrations/list.ts'
import type { RowsMeta } from './portable.ts'
import { openSqliteSnapshot } from './sqlite-snapshot.ts'
import { openSqliteTarget } from './sqlite-target.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const all = sqliteMigrations.map(({ name }) => name)
const meta = (migrations: string[]): RowsMeta => ({ engine: 'postgres', migrations, lastEvent: 41 })
const row = { org_id: 'o', address: 'bob@client.test', reason: 'manual', delivery_id: null, created_at: 5 }

test('rows of an older schema are upgraded like a database that is as old', async () => {
  const path = join(folder, 'old.db')
  {
    await using target = await openSqliteTarget(path)
    await target.prepare(meta([...all.filter((name) => name < '0007'), '0010-search']))
    await target.load('suppressions', [row])
    await target.finish({ suppressions: 1 })
  }
  await using snapshot = await openSqliteSnapshot(path)
  expect([...snapshot.meta.migrations].sort()).toEqual([...all].sort())
  expect(snapshot.meta.lastEvent).toBe(41)
  const found = []
  for await (const rows of snapshot.rows('suppressions')) found.push(...rows)
  expect(found).toEqual([row])
})

test('rows of a newer schema, too few rows and names that cannot be names are refused, and leave nothing', async () => {
  const path = join(folder, 'refused.db')
  const attempt = async (work: (target: Awaited<ReturnType<typeof openSqliteTarget>>) => Promise<void>) => {
    await using target = await openSqliteTarget(path)
    await work(target)
  }
  await expect(attempt((t) => t.prepare(meta([...all, '9999-later'])))).rejects.toThrow('newer Posthouse')
  await expect(
    attempt(async (t) => {
      await t.prepare(meta(all))
      await t.finish({ suppressions: 1 })
    }),
  ).rejects.toThrow('suppressions: 1 rows were to come, 0 came')
  await expect(
    attempt(async (t) => {
      await t.prepare(meta(all))
      await t.load('suppressions', [{ 'org_id) values (1); --': 'x' }])
    }),
  ).rejects.toThrow('cannot be one')
  expect(() => new DatabaseSync(path, { readOnly: true })).toThrow()
  expect(() => new DatabaseSync(`${path}.incoming`, { readOnly: true })).toThrow()
})
