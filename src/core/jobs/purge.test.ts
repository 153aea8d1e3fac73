import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'
import { buildMailbox, fileMail } from '../../../test/support/builders.ts'

test('a mailbox of many messages is purged in turns, other jobs in between', async () => {
  await using t = await testApp()
  const mailbox = await buildMailbox(t.app.store)
  for (let i = 0; i < 52; i++) {
    await Promise.all(Array.from({ length: 100 }, () => fileMail(t.app.store, mailbox)))
  }
  await t.app.store.run('mailboxes.delete', { orgId: mailbox.orgId, id: mailbox.id })
  const kinds: string[] = []
  const run = t.app.store.run.bind(t.app.store)
  t.app.store.run = (name, input) => {
    if (name === 'mailboxes.purge' || name === 'jobs.claim') kinds.push(name)
    return run(name, input)
  }
  await t.work()
  const purges = kinds.filter((name) => name === 'mailboxes.purge').length
  expect(purges).toBeGreaterThan(25)
  expect(kinds.slice(kinds.indexOf('mailboxes.purge')).indexOf('jobs.claim')).toBe(25)
  expect((await t.app.store.read.messages.list(mailbox.id, {}, { limit: 1 })).items).toEqual([])
})
