// Schedules drafts on a clock that is moved by hand and sends them, saying when each is gone, until it is killed: node draft-writer.ts <folder>
import { writeSync } from 'node:fs'
import { authenticateKey } from '../../src/core/accounts/keys.ts'
import { createDraft } from '../../src/core/drafts/create.ts'
import { JobWorker } from '../../src/core/jobs/worker.ts'
import { createMailbox } from '../../src/core/mailboxes/mailboxes.ts'
import { testApp } from './app.ts'
import { draftRequest, textFile } from './draft-world.ts'

const COUNT = 60
const t = await testApp({ folder: process.argv[2] ?? '.' })
const caller = await authenticateKey(t.app, t.key)
const { mailbox } = await createMailbox(t.app, caller, { localPart: 'desk' })
const sendAt = t.clock.now() + 60_000
for (let i = 0; i < COUNT; i++) {
  const request = draftRequest({ subject: `Draft ${i}`, sendAt, attachments: [textFile(`File ${i}`)] })
  await createDraft(t.app, caller, mailbox.id, request)
}
writeSync(1, `${JSON.stringify({ orgId: mailbox.orgId, mailboxId: mailbox.id, count: COUNT })}\n`)

const put = t.app.blobs.put.bind(t.app.blobs)
t.app.blobs.put = async (key, bytes) => {
  await put(key, bytes)
  // Between the bytes of a message and its row: where a kill hurts most.
  writeSync(1, '.\n')
}
t.clock.advance(60_000)
await using worker = new JobWorker(t.app)
await worker.idle()
