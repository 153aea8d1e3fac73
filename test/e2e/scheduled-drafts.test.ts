import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { MailboxId, OrgId } from '../../src/core/ids.ts'
import { JobWorker } from '../../src/core/jobs/worker.ts'
import { testApp } from '../support/app.ts'
import { draftWorld } from '../support/draft-world.ts'

const script = join(import.meta.dirname, '../support/draft-writer.ts')
const HOUR = 3_600_000

interface Written {
  orgId: OrgId
  mailboxId: MailboxId
  count: number
}

/** Has the drafts sent by a process that is killed after so many were composed. */
async function killAfter(folder: string, composed: number): Promise<Written> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let written: Written | undefined
  let dots = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) written = JSON.parse(line)
    else if (++dots === composed) child.kill('SIGKILL')
  }
  await exited
  if (!written) throw new Error('The writer never began')
  return written
}

test.each([1, 7, 40])(
  'killed at the %s. of sixty, each draft is sent once when the server is back',
  async (composed) => {
    const folder = await mkdtemp(join(tmpdir(), 'posthouse-test-'))
    try {
      const { orgId, mailboxId, count } = await killAfter(folder, composed)
      await using t = await testApp({ folder, start: 1_760_000_000_000 + HOUR })
      const reach = { orgId, projectId: null, mailboxId }
      const sent = async () => (await t.app.store.read.messages.list(mailboxId, {}, { limit: 1000 })).items
      const drafts = async () => (await t.app.store.read.drafts.list(reach, {}, { limit: 1000 })).items
      expect((await sent()).length + (await drafts()).length).toBe(count)
      await t.work()
      expect(await drafts()).toEqual([])
      const messages = await sent()
      const subjects = messages.map(({ subject }) => subject)
      expect(new Set(subjects)).toEqual(new Set(Array.from({ length: count }, (_, i) => `Draft ${i}`)))
      expect(messages).toHaveLength(count)
      for (const { blobKey } of messages) expect(await t.app.blobs.get(blobKey)).toBeDefined()
      // What a kill leaves without a row goes with the daily sweep.
      t.clock.advance(25 * HOUR)
      await t.work()
      const kept = await t.app.blobs.list!(Number.MAX_SAFE_INTEGER, null)
      expect(new Set(kept.keys)).toEqual(new Set(messages.map(({ blobKey }) => blobKey)))
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

test('two workers at once send each scheduled draft once', async () => {
  await using w = await draftWorld()
  const sendAt = w.t.clock.now() + 60_000
  for (let i = 0; i < 40; i++) await w.write({ sendAt })
  w.t.clock.advance(60_000)
  await using one = new JobWorker(w.t.app)
  await using two = new JobWorker(w.t.app)
  await Promise.all([one.idle(), two.idle()])
  await w.t.work()
  expect(await w.sent()).toHaveLength(40)
})

test('two nodes of which one comes too late, its lease over, send a draft once', async () => {
  await using w = await draftWorld()
  const draft = await w.write({ sendAt: w.t.clock.now() + 60_000 })
  w.t.clock.advance(60_000)
  const [slow, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const put = w.t.app.blobs.put.bind(w.t.app.blobs)
  w.t.app.blobs.put = async (key, bytes) => {
    w.t.app.blobs.put = put
    reached.resolve()
    await slow.promise
    await put(key, bytes)
  }
  await using first = new JobWorker(w.t.app)
  await reached.promise
  w.t.clock.advance(6 * 60_000)
  await using second = new JobWorker(w.t.app)
  await second.idle()
  expect(await w.sent()).toHaveLength(1)
  slow.resolve()
  await first.idle()
  await w.t.work()
  expect(await w.sent()).toHaveLength(1)
  expect(await w.find(draft)).toBeUndefined()
})
