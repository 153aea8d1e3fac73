import pg from 'pg'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { openPostgresStore } from '../../src/storage/postgres-store.ts'
import { buildMailbox, fileMail } from '../support/builders.ts'
import { freshDatabase } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres-server.ts'

test('connections that are cut under load refuse what they ran, and service goes on by itself', async () => {
  await using database = await freshDatabase()
  await using store = await openPostgresStore({ url: database.url, clock: systemClock })
  const box = await buildMailbox(store)
  const outcomes = new Set<string>()
  let filed = 0
  const load = Array.from({ length: 20 }, async () => {
    for (let i = 0; i < 20; i++) {
      await fileMail(store, box).then(
        () => filed++,
        (error) => outcomes.add(`${error.name} ${error.code}`),
      )
    }
  })
  for (let i = 0; i < 3; i++) {
    await fileMail(store, box).then(
      () => filed++,
      () => {},
    )
    await cutConnections(database.url)
  }
  await Promise.all(load)
  expect([...outcomes].filter((outcome) => outcome !== 'Failure unavailable')).toEqual([])
  const woken = new Promise<void>((resolve) => store.read.events.onAppend(resolve))
  await fileMail(store, box)
  await woken
  // A commit whose answer was cut off may be there as well.
  expect((await store.read.mailboxes.get(box.orgId, box.id))?.messageCount).toBeGreaterThan(filed)
})

test('a server that is away is unavailable, and works again when it is back', async () => {
  const server = await startPostgres()
  try {
    await using store = await openPostgresStore({ url: server.url, clock: systemClock })
    const box = await buildMailbox(store)
    await server.pause()
    const refused = { name: 'Failure', code: 'unavailable' }
    await expect(fileMail(store, box)).rejects.toMatchObject(refused)
    await expect(store.read.mailboxes.get(box.orgId, box.id)).rejects.toMatchObject(refused)
    await expect(store.ping()).rejects.toMatchObject(refused)
    await server.resume()
    await fileMail(store, box)
    await store.ping()
  } finally {
    await server.stop()
  }
})

async function cutConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const others =
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> $1'
  const { rows } = await client.query('select pg_backend_pid() as pid')
  await client.query(others, [rows[0].pid])
  await client.end()
}
