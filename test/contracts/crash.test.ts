import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { MessageId } from '../../src/core/ids.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import { openLocalBlobs } from '../../src/storage/blobs/local.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { fileMail } from '../support/builders.ts'

const script = join(import.meta.dirname, '../support/crash-writer.ts')

interface Acknowledged {
  messageId: MessageId
  blobKey: string
  sha256: string
}

test('whatever a killed process had acknowledged is there, with its bytes, its event and its count', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-test-'))
  try {
    const { mailbox, acknowledged } = await killInMidLoad(folder, 400)
    await using store = await openSqliteStore({ path: join(folder, 'posthouse.db'), clock: systemClock })
    await using blobs = await openLocalBlobs({ folder: join(folder, 'blobs') })
    const { items, total } = await store.read.messages.list(mailbox.id, {}, { limit: 1_000_000 })
    const stored = new Set(items.map((m) => m.id))
    expect(acknowledged.filter((a) => !stored.has(a.messageId))).toEqual([])
    expect(items).toHaveLength(total)
    for (const { blobKey, sha256, messageId } of acknowledged) {
      expect((await blobs.get(blobKey))?.toString()).toBe(sha256)
      expect(await store.read.messages.content(messageId)).toBeDefined()
    }
    const events = await store.read.events.after(0, 1_000_000)
    expect(new Set(events.flatMap((e) => e.messageId ?? []))).toEqual(stored)
    await fileMail(store, mailbox)
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function killInMidLoad(folder: string, after: number) {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let mailbox: Mailbox | undefined
  const acknowledged: Acknowledged[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line may have been cut by the kill.
    if (!line.endsWith('}')) continue
    const told = JSON.parse(line) as { mailbox: Mailbox } | Acknowledged
    if ('mailbox' in told) mailbox = told.mailbox
    else acknowledged.push(told)
    if (acknowledged.length === after) child.kill('SIGKILL')
  }
  await exited
  if (!mailbox) throw new Error('The writer never began')
  return { mailbox, acknowledged }
}
