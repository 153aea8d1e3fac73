import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { testApp } from '../../../test/support/app.ts'
import { newBlobKey } from '../blob-key.ts'

test('no blob is deleted while somebody holds them, and what was to go goes afterwards', async () => {
  await using t = await testApp()
  const bytes = Buffer.from('Subject: Tea?\r\n\r\nAt four?\r\n')
  const key = newBlobKey(createHash('sha256').update(bytes).digest('hex'))
  await t.app.blobs.put(key, bytes)
  await t.app.store.run('blobs.hold', { id: 'backup', forMs: 60_000 })
  await t.app.store.run('jobs.schedule', { task: { kind: 'delete-blobs', keys: [key] }, runAt: t.clock.now() })
  await t.work()
  expect(await t.app.blobs.get(key)).toEqual(bytes)
  t.clock.advance(60_000)
  await t.work()
  expect(await t.app.blobs.get(key)).toBeUndefined()
})
