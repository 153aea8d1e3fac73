import { mkdtempSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { newBlobKey } from '../../src/core/blob-key.ts'
import { openLocalBlobs } from '../../src/storage/blobs/local.ts'
import { openS3Blobs } from '../../src/storage/blobs/s3.ts'
import { startS3 } from '../support/s3-server.ts'
import { blobsContract } from './blobs.contract.ts'

const root = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
afterAll(() => rmSync(root, { recursive: true }))

blobsContract('a local folder', () => openLocalBlobs({ folder: join(root, 'blobs') }))

const s3 = await startS3()
afterAll(() => s3[Symbol.asyncDispose]())
blobsContract('a bucket', () => openS3Blobs(s3))
blobsContract('a part of a bucket', () => openS3Blobs({ ...s3, prefix: 'mail/bytes/' }))
blobsContract('a bucket that deletes one object at a time', async () => {
  const simple = await startS3()
  afterAll(() => simple[Symbol.asyncDispose]())
  simple.deletesMany = false
  return openS3Blobs(simple)
})

test('a folder that is gone is unavailable, and works again when it is back', async () => {
  const folder = join(root, 'removable')
  await using blobs = await openLocalBlobs({ folder })
  const bytes = Buffer.alloc(2_000_000)
  await rename(join(folder, 'large'), join(folder, 'away'))
  await expect(blobs.put(newBlobKey('a'.repeat(64)), bytes)).rejects.toMatchObject({ code: 'unavailable' })
  await rename(join(folder, 'away'), join(folder, 'large'))
  await blobs.put(newBlobKey('b'.repeat(64)), bytes)
})

test('a closed store refuses', async () => {
  const blobs = await openLocalBlobs({ folder: join(root, 'closed') })
  await blobs[Symbol.asyncDispose]()
  const put = blobs.put(newBlobKey('c'.repeat(64)), Buffer.from('x'))
  await expect(put).rejects.toMatchObject({ code: 'unavailable' })
})
