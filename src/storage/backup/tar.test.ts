import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../core/errors.ts'
import { readTar, type TarEntry, tarEnd, tarEntry } from './tar.ts'

const archiveOf = (entries: TarEntry[]) =>
  Buffer.concat([...entries.flatMap((entry) => tarEntry(entry, 1e12)), tarEnd()])

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(bytes: Buffer, size = 1000): Promise<TarEntry[]> {
  const entries: TarEntry[] = []
  for await (const entry of readTar(inPieces(bytes, size))) entries.push(entry)
  return entries
}

test('what is written is read again, in whatever pieces it comes', async () => {
  const entry = fc.record({
    name: fc.stringMatching(/^[a-z0-9/.-]{1,100}$/),
    bytes: fc.uint8Array({ maxLength: 2000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 5 }), fc.integer({ min: 1, max: 1500 }), async (made, size) => {
      const entries = made.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) }))
      expect(await readAll(archiveOf(entries), size)).toEqual(entries)
    }),
    { numRuns: 50 },
  )
})

test('the tar of the system reads it', () => {
  const archive = archiveOf([{ name: 'rows/a.ndjson', bytes: Buffer.from('{}\n') }])
  const run = spawnSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' })
  expect(run.stdout).toMatch(/^-rw------- .* 3 .* rows\/a\.ndjson\n$/)
})

test('one that is cut, changed or none at all is refused', async () => {
  const whole = archiveOf([{ name: 'a', bytes: Buffer.alloc(700, 1) }])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 512 + 1024 }), async (length) => {
      await expect(readAll(whole.subarray(0, length))).rejects.toThrow(Failure)
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (bytes) => {
      const found = await readAll(Buffer.from(bytes)).catch((error: unknown) => error)
      expect(found instanceof Failure || bytes.slice(0, 512).every((byte) => byte === 0)).toBe(true)
    }),
  )
  for (let at = 0; at < 263; at++) {
    const changed = Buffer.from(whole)
    changed[at] = (changed[at] ?? 0) ^ 1
    await expect(readAll(changed)).rejects.toThrow(Failure)
  }
})
