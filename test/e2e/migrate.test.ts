import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RowSnapshot } from '../../src/storage/rows/portable.ts'
import { openPostgresSnapshot } from '../../src/storage/rows/postgres-snapshot.ts'
import { openSqliteSnapshot } from '../../src/storage/rows/sqlite-snapshot.ts'
import { apiClient, eventually } from '../support/api-client.ts'
import { freshDatabase } from '../support/postgres.ts'
import { runCommand, startServerProcess, temporaryFolder } from '../support/server-process.ts'

/** Every row of every table, in an order that does not depend on the engine. */
async function contentOf(opening: Promise<RowSnapshot>) {
  await using snapshot = await opening
  const tables: Record<string, string[]> = {}
  for (const table of snapshot.tables) {
    const rows: string[] = []
    for await (const batch of snapshot.rows(table)) rows.push(...batch.map((row) => JSON.stringify(row)))
    tables[table] = rows.sort()
  }
  return { tables, lastEvent: snapshot.meta.lastEvent }
}

test('everything goes to PostgreSQL and back as it was, positions of the log included', async () => {
  using folder = temporaryFolder()
  await using database = await freshDatabase()
  const { url } = database
  let key = ''
  {
    await using server = await startServerProcess(folder.path)
    key = server.apiKey ?? ''
    const api = apiClient(server.url, key)
    const { body: ann } = await api.post('/inboxes', { username: 'ann', display_name: 'Änn \u{1F375} \\ "quoted"' })
    await api.post('/inboxes', { username: 'bob' })
    const attachments = [{ filename: 'ü.txt', content: Buffer.from('Grüße').toString('base64') }]
    for (let i = 0; i < 5; i++) {
      const to = ['bob@posthouse.localhost', `n${i}@away.test`]
      await api.post(`/inboxes/${ann.inbox_id}/messages/send`, {
        to,
        subject: `Tea ${i} ☕`,
        text: 'At four?',
        attachments,
      })
    }
    const bobs = () => api.get('/inboxes/bob@posthouse.localhost/messages')
    await eventually(bobs, ({ body }) => body.total === 5)
    const { body: gone } = await api.post('/inboxes', { username: 'gone' })
    await api.delete(`/inboxes/${gone.inbox_id}`)
    const running = await runCommand(['migrate', '--to', url], folder.path)
    expect(running).toMatchObject({ code: 1, stderr: expect.stringMatching(/server is running/) })
    await server.stop('SIGTERM')
  }
  const rows = join(folder.path, 'posthouse.db')
  const before = await contentOf(openSqliteSnapshot(rows))
  expect(before.tables.messages?.length).toBe(10)

  const there = await runCommand(['migrate', '--to', url, '--json'], folder.path)
  expect(there.code).toBe(0)
  const counts = Object.fromEntries(Object.entries(before.tables).map(([table, all]) => [table, all.length]))
  expect(JSON.parse(there.stdout)).toEqual({ rows: counts })
  expect(await contentOf(openPostgresSnapshot(url))).toEqual(before)
  const twice = await runCommand(['migrate', '--to', url], folder.path)
  expect(twice).toMatchObject({ code: 1, stderr: expect.stringMatching(/nothing is overwritten/) })

  const other = join(folder.path, 'other')
  await mkdir(other)
  await copyFile(join(folder.path, 'secret'), join(other, 'secret'))
  const back = await runCommand(['migrate', '--to', 'sqlite'], other, { POSTHOUSE_DATABASE_URL: url })
  expect(back.code).toBe(0)
  expect(await contentOf(openSqliteSnapshot(join(other, 'posthouse.db')))).toEqual(before)

  // On the other engine all goes on where it stopped: the key opens, bytes are found, and the log counts on.
  await using server = await startServerProcess(folder.path, { POSTHOUSE_DATABASE_URL: url })
  const api = apiClient(server.url, key)
  const { body: list } = await api.get('/inboxes/ann@posthouse.localhost/messages')
  expect(list.total).toBe(5)
  const raw = await api.bytes(`/inboxes/ann@posthouse.localhost/messages/${list.data[0].message_id}/eml`)
  expect(raw.toString()).toContain('Subject: ')
  expect((await api.post('/inboxes', { username: 'new' })).status).toBe(201)
  const after = await contentOf(openPostgresSnapshot(url))
  expect(after.lastEvent).toBeGreaterThan(before.lastEvent)
  expect(new Set(after.tables.events?.map((row) => JSON.parse(row).seq)).size).toBe(after.tables.events?.length)
}, 60_000)
