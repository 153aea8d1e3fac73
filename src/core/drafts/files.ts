import { createHash } from 'node:crypto'
import type { Attachment } from '../../protocol/compose/draft.ts'
import type { App } from '../app.ts'
import { newBlobKey } from '../blob-key.ts'
import { Failure, isCertain } from '../errors.ts'
import { newId, type PartId } from '../ids.ts'
import { type AttachmentInput, loadAttachments } from '../outbound/attachments.ts'
import type { DraftAttachment } from './model.ts'

/**
 * Decodes or fetches files and keeps their bytes, then has `write` write the rows that name them. What `write` refuses, or finds
 * it has no use for, is deleted again. A store that did not answer may have written them all the same: then the daily sweep decides.
 */
export async function withFiles<T extends { used: boolean }>(
  app: App,
  inputs: readonly AttachmentInput[],
  write: (files: DraftAttachment[]) => Promise<T>,
): Promise<T> {
  const loaded = await loadAttachments(app, inputs)
  const files = await Promise.all(loaded.map((file) => keep(app, file)))
  const drop = () => app.blobs.delete(files.map((file) => file.blobKey)).catch(() => {})
  try {
    const written = await write(files)
    if (!written.used) await drop()
    return written
  } catch (error) {
    if (isCertain(error)) await drop()
    throw error
  }
}

async function keep(app: App, { content, ...described }: Attachment): Promise<DraftAttachment> {
  const sha256 = createHash('sha256').update(content).digest('hex')
  const blobKey = newBlobKey(sha256)
  await app.blobs.put(blobKey, content)
  return { ...described, id: newId<PartId>(), sizeBytes: content.length, sha256, blobKey }
}

/** The files as the composer takes them. */
export async function readFiles(app: App, files: readonly DraftAttachment[]): Promise<Attachment[]> {
  return Promise.all(
    files.map(async ({ filename, contentType, disposition, contentId, blobKey }) => {
      const content = await app.blobs.get(blobKey)
      if (!content) throw new Failure('unprocessable', 'A file of this draft is no longer kept')
      return { filename, contentType, disposition, contentId, content }
    }),
  )
}
