import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { newBlobKey } from '../../src/core/blob-key.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import { fileInbound } from '../../src/core/messages/file-inbound.ts'
import { enqueueOutbound } from '../../src/core/outbound/enqueue-command.ts'
import type { Tx } from '../../src/core/store.ts'
import { openLocalBlobs } from '../../src/storage/blobs/local.ts'
import { databaseOver, openConnection } from '../../src/storage/sqlite.ts'
import { transactionOver } from '../../src/storage/transaction.ts'
import { content, newOutbound, readMail } from '../../test/support/builders.ts'
import { Words } from './words.ts'

const PER_COMMIT = 5_000
/** Every fifth mail begins a thread, which the next four answer. */
const PER_THREAD = 5

/**
 * Files mails `from` to `to` in one mailbox by the same command that the server runs, but many in a commit and without waiting for the
 * disk. No server may have the folder open.
 */
export async function fillMailbox(folder: string, address: string, from: number, to: number): Promise<void> {
  const words = new Words(from + 1)
  await fill(folder, address, { from, to }, async (tx, mailbox, i) => {
    await fileInbound(tx, { mail: nthMail(i, words), copies: [copyFor(mailbox)], host: 'posthouse.localhost' })
  })
}

/** Queues as many messages to the outside world, a thousand domains in turn, all with the bytes of one blob. */
export async function fillQueue(folder: string, address: string, messages: number, raw: Buffer): Promise<void> {
  const sha256 = createHash('sha256').update(raw).digest('hex')
  const blob = { sha256, blobKey: newBlobKey(sha256), sizeBytes: raw.length }
  {
    await using blobs = await openLocalBlobs({ folder: join(folder, 'blobs') })
    await blobs.put(blob.blobKey, raw)
  }
  await fill(folder, address, { from: 0, to: messages }, async (tx, mailbox, i) => {
    const domain = `far-${i % 1_000}.example`
    const recipients = [{ address: `person-${i}@${domain}`, domain }]
    await enqueueOutbound(tx, newOutbound(mailbox, { recipients }, blob))
  })
}

async function fill(
  folder: string,
  address: string,
  { from, to }: { from: number; to: number },
  add: (tx: Tx, mailbox: Mailbox, i: number) => Promise<void>,
): Promise<void> {
  const connection = openConnection(join(folder, 'posthouse.db'))
  connection.exec('pragma synchronous = off')
  connection.exec('pragma cache_size = -400000')
  const db = databaseOver(connection)
  const start = Date.now() - 400 * 86_400_000
  try {
    const mailbox = await transactionOver(db, start, () => {}).mailboxes.byAddress(address)
    if (!mailbox) throw new Error(`There is no mailbox ${address}`)
    for (let i = from; i < to; ) {
      connection.exec('begin immediate')
      for (const end = Math.min(to, i + PER_COMMIT); i < end; i++) {
        await add(
          transactionOver(db, start + i * 30_000, () => {}),
          mailbox,
          i,
        )
      }
      connection.exec('commit')
    }
    connection.exec('pragma wal_checkpoint(truncate)')
  } finally {
    connection.close()
  }
}

function copyFor(mailbox: Mailbox) {
  return { mailbox, rcptTo: [mailbox.address] }
}

function nthMail(i: number, words: Words) {
  const text = words.lines(1_000)
  const first = i - (i % PER_THREAD)
  return readMail({
    messageId: nameOf(i),
    inReplyTo: i === first ? null : nameOf(i - 1),
    references: i === first ? [] : [nameOf(first)],
    subject: i === first ? words.line(5) : `Re: ${words.line(5)}`,
    preview: text.slice(0, 150),
    from: [{ name: `Person ${i % 997}`, address: `person-${i % 997}@example.com` }],
    sizeBytes: 2_000,
    content: content({ text, extractedText: text }),
  })
}

const nameOf = (i: number) => `<mail-${i}@example.com>`
