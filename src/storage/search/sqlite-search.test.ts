import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'
import { openSqliteSearch } from './sqlite-search.ts'

/** A mailbox whose words are in an index that was closed properly, and ways to spoil that index. */
async function indexed() {
  const opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  opened.defer(() => rmSync(folder, { recursive: true }))
  const t = opened.use(await testApp({ folder }))
  await t.call('POST', '/api/v0/inboxes', { body: { username: 'ada' } })
  for (let i = 0; i < 50; i++) await t.mail('ada@posthouse.test', `Subject: word${i} ${'many words '.repeat(50)}\n\nx`)
  const mailbox = await t.app.store.read.mailboxes.byAddress('ada@posthouse.test')
  if (!mailbox) throw new Error('There is no mailbox')
  const path = join(folder, 'other-index.db')
  const open = () => openSqliteSearch({ path, rowsPath: join(folder, 'posthouse.db'), events: t.app.store.read.events })
  const find = (search: Awaited<ReturnType<typeof open>>) =>
    search.find({ orgId: mailbox.orgId, mailboxId: mailbox.id, text: 'word7', limit: 10 }).catch(() => [])
  {
    await using search = await open()
    await search.caughtUp()
  }
  /** All pages but the first, which says what a database it is. */
  const tear = () => writeFileSync(path, readFileSync(path).fill(0xff, 4096))
  return { t, path, open, find, tear, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

test.each([
  ['is no database at all', (path: string) => writeFileSync(path, 'nonsense '.repeat(10_000))],
  ['is torn', (path: string) => writeFileSync(path, readFileSync(path).fill(0xff, 4096))],
  ['ends in the middle', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 20_000))],
])('an index that %s is made anew at the start', async (_how, spoil) => {
  await using s = await indexed()
  spoil(s.path)
  await using search = await s.open()
  await search.caughtUp()
  expect(await s.find(search)).toHaveLength(1)
})

test('an index that is found torn while it is used is made anew', async () => {
  await using s = await indexed()
  await using search = await s.open()
  s.tear()
  await expect.poll(async () => (await s.find(search)).length, { timeout: 10_000 }).toBe(1)
  await s.t.mail('ada@posthouse.test', 'Subject: word7 again\n\nx')
  await expect.poll(async () => (await s.find(search)).length, { timeout: 10_000 }).toBe(2)
})
