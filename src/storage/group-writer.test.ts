import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Failure } from '../core/errors.ts'
import type { CommandRequest } from './command-messages.ts'
import { type Execute, GroupWriter } from './group-writer.ts'
import { openConnection } from './sqlite.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  path = join(folder, 'test.db')
  const connection = openConnection(path)
  connection.exec('create table notes (text text not null)')
  connection.close()
})
afterEach(() => rmSync(folder, { recursive: true }))

const request = (id: number, name: string): CommandRequest => ({ id, name, input: null, now: 0 })

function notes(connection: DatabaseSync): Execute {
  const insert = connection.prepare('insert into notes (text) values (?)')
  return async ({ name }, appended) => {
    insert.run(name)
    if (name === 'refused') throw new Failure('taken', 'Taken', { issues: [{ path: ['a'], message: 'b' }] })
    if (name === 'bug') throw new TypeError('not a function')
    appended()
    return name.length
  }
}

function kept(): unknown[] {
  using connection = openConnection(path, { readOnly: true })
  return connection
    .prepare('select text from notes order by rowid')
    .all()
    .map((row) => row.text)
}

test('a command that throws leaves nothing behind, its neighbours stay', async () => {
  using writer = new GroupWriter(path, notes)
  const names = ['one', 'refused', 'two', 'bug', 'three']
  const { results, appended } = await writer.runGroup(names.map((name, i) => request(i, name)))
  expect(kept()).toEqual(['one', 'two', 'three'])
  expect(appended).toBe(true)
  expect(results).toMatchObject([
    { id: 0, value: 3 },
    { id: 1, error: { failure: true, code: 'taken', issues: [{ path: ['a'], message: 'b' }] } },
    { id: 2, value: 3 },
    { id: 3, error: { failure: false, name: 'TypeError', message: 'not a function' } },
    { id: 4, value: 5 },
  ])
})

test('a full disk refuses the whole group, and the writer works again when there is room', async () => {
  let pages = 12
  using writer = new GroupWriter(path, (connection) => {
    connection.exec(`pragma max_page_count = ${pages}`)
    return notes(connection)
  })
  const long = 'x'.repeat(100_000)
  const group = [request(1, 'small'), request(2, long), request(3, 'small')]
  const full = await writer.runGroup(group)
  expect(full.appended).toBe(false)
  const unavailable = { error: { failure: true, code: 'unavailable' } }
  expect(full.results).toMatchObject([1, 2, 3].map((id) => ({ id, ...unavailable })))
  expect(kept()).toEqual([])
  pages = 1000
  expect((await writer.runGroup(group)).results).toMatchObject([{ value: 5 }, { value: 100_000 }, { value: 5 }])
  expect(kept()).toHaveLength(3)
})

test('a file that cannot be opened refuses, and is opened when it can be', async () => {
  const away = join(folder, 'away', 'test.db')
  using writer = new GroupWriter(away, notes)
  const { results } = await writer.runGroup([request(1, 'one')])
  expect(results).toMatchObject([{ id: 1, error: { failure: true, code: 'unavailable' } }])
})

test('a group that takes too long is cut, and the rest waits for the next commit', async () => {
  using writer = new GroupWriter(path, (connection) => {
    const insert = notes(connection)
    return async (one, appended) => {
      for (const end = performance.now() + 30; performance.now() < end; );
      return insert(one, appended)
    }
  })
  const group = [1, 2, 3, 4, 5].map((id) => request(id, 'note'))
  const { results } = await writer.runGroup(group)
  expect(results.length).toBeLessThan(5)
  expect(kept()).toHaveLength(results.length)
})
