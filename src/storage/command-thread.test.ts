import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchThreads } from '../../test/support/watch-threads.ts'
import { CommandThread } from './command-thread.ts'
import { openConnection } from './sqlite.ts'

const script = new URL('../../test/support/dying-writer.ts', import.meta.url)

let folder: string
let writer: CommandThread
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  const connection = openConnection(join(folder, 'test.db'))
  connection.exec('create table notes (text text not null)')
  connection.close()
  writer = new CommandThread(script, join(folder, 'test.db'))
})
afterEach(async () => {
  await writer[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const notes = () => {
  using connection = openConnection(join(folder, 'test.db'), { readOnly: true })
  return connection
    .prepare('select text from notes')
    .all()
    .map((row) => row.text)
}

test('commands are answered in the order they came', async () => {
  const order: number[] = []
  await Promise.all(Array.from({ length: 200 }, (_, i) => writer.run('note', i).then(() => order.push(i))))
  expect(order).toEqual(Array.from({ length: 200 }, (_, i) => i))
  expect(notes()).toEqual(order.map(String))
})

test('a thread that dies refuses what it had taken, and another goes on', async () => {
  await writer.run('note', 'before')
  const lost = await Promise.allSettled([writer.run('note', 'with'), writer.run('die', null)])
  expect(lost.map((l) => l.status === 'rejected' && l.reason)).toMatchObject([
    { name: 'Failure', code: 'unavailable' },
    { name: 'Failure', code: 'unavailable' },
  ])
  await writer.run('note', 'after')
  expect(notes()).toEqual(['before', 'after'])
})

test('an input or an answer that cannot cross fails alone', async () => {
  const results = await Promise.allSettled([
    writer.run('note', 'a'),
    writer.run('note', () => {}),
    writer.run('odd answer', null),
    writer.run('note', 'b'),
  ])
  expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
})

test('closing waits for what runs and refuses what comes after', async () => {
  const running = Array.from({ length: 150 }, (_, i) => writer.run('note', i))
  const closed = writer[Symbol.asyncDispose]()
  await expect(writer.run('note', 'late')).rejects.toMatchObject({ code: 'unavailable' })
  await closed
  expect(await Promise.all(running)).toHaveLength(150)
  expect(notes()).toHaveLength(150)
})

test('a thread starts with the first command, ends at rest, and another takes the next command', async () => {
  using threads = watchThreads()
  await using resting = new CommandThread(script, join(folder, 'test.db'), { restMs: 1 })
  expect(threads.started()).toBe(0)
  const end = threads.nextEnd()
  await resting.run('note', 'before')
  await end
  await resting.run('note', 'after')
  expect(threads.started()).toBe(2)
  expect(notes()).toEqual(['before', 'after'])
})
