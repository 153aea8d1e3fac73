import { expect, test } from 'vitest'
import { postgresMigrations, sqliteMigrations } from '../../src/storage/migrations/list.ts'

test.each([
  ['SQLite', sqliteMigrations],
  ['PostgreSQL', postgresMigrations],
])('each migration stands once in the list of %s', (_engine, migrations) => {
  const names = migrations.map(({ name }) => name)
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
})
