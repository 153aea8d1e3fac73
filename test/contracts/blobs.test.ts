import { mkdtempSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { newBlobKey } from '../../src/core/blob-key.ts'
import { openLocalBlobs } from '../../src/storage/blobs/local.ts'
import { blobsContract } from './blobs.contract.ts'

const root = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
afterAll(() => rmSync(root, { recursive: true }))

blobsContract('a local folder', () => openLocalBlobs({ folder: join(root, 'blobs') }))

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
