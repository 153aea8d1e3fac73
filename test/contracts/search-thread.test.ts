import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteSearch } from '../../src/storage/search/sqlite-search.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { buildMailbox, content, fileMail } from '../support/builders.ts'
import { manualClock } from '../support/clock.ts'
import { temporaryFolder } from '../support/server-process.ts'
import { watchThreads } from '../support/watch-threads.ts'

test('the thread of the search starts for what it has to add, ends at rest, and nothing is missed', async () => {
  using folder = temporaryFolder()
  const rowsPath = join(folder.path, 'posthouse.db')
  await using store = await openSqliteStore({ path: rowsPath, clock: manualClock() })
  const box = await buildMailbox(store)
  const file = (text: string) => fileMail(store, box, { content: content({ text }) })
  const open = (restMs: number) =>
    openSqliteSearch({ path: join(folder.path, 'search.db'), rowsPath, events: store.read.events, restMs })
  const find = (text: string) => ({ orgId: box.orgId, mailboxId: box.id, text, limit: 50 })

  const first = await file('a walrus')
  {
    using threads = watchThreads()
    const end = threads.nextEnd()
    await using search = await open(1)
    await search.caughtUp()
    expect(await search.find(find('walrus'))).toEqual([first.messageId])
    await end
    const second = await file('an okapi')
    await search.caughtUp()
    expect(await search.find(find('okapi'))).toEqual([second.messageId])
  }
  using threads = watchThreads()
  await using caughtUp = await open(60_000)
  await caughtUp.caughtUp()
  expect(threads.started()).toBe(0)
})
