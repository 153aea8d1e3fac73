// Files mails without end and says which ones were acknowledged, until it is killed: node crash-writer.ts <folder>
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { openLocalBlobs } from '../../src/storage/blobs/local.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { blobKeyOf, buildMailbox, fileMail, readMail } from './builders.ts'

const folder = process.argv[2] ?? '.'
const store = await openSqliteStore({ path: join(folder, 'posthouse.db'), clock: systemClock })
const blobs = await openLocalBlobs({ folder: join(folder, 'blobs') })
const mailbox = await buildMailbox(store)
writeSync(1, `${JSON.stringify({ mailbox })}\n`)

async function work(): Promise<never> {
  for (;;) {
    const { sha256 } = readMail()
    const bytes = Buffer.from(sha256)
    const mail = readMail({ sha256, blobKey: blobKeyOf(bytes) })
    await blobs.put(mail.blobKey, bytes)
    const { messageId } = await fileMail(store, mailbox, mail)
    writeSync(1, `${JSON.stringify({ messageId, blobKey: mail.blobKey, sha256: mail.sha256 })}\n`)
  }
}
await Promise.all(Array.from({ length: 32 }, work))
