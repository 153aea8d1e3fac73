import { randomUUID } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import { secretMark } from '../core/secrets.ts'
import type { Store } from '../core/store.ts'
import { readMasterSecret } from '../master-secret.ts'
import { openRowSnapshot, refuseWithoutRows } from '../open-rows.ts'
import { openBlobs, openStore } from '../open-stores.ts'
import type { Manifest } from '../storage/backup/manifest.ts'
import { writeBackup } from '../storage/backup/write-backup.ts'
import { openArchiveFile, stdoutArchive } from './archive-file.ts'
import { Progress } from './progress.ts'

export interface BackupOptions {
  /** False with `--no-blobs`. */
  blobs: boolean
  json?: boolean
}

/** Nobody deletes blobs for so long after the last word of this process. */
const HOLD_MS = 5 * 60_000
const RENEW_MS = 60_000

/** Writes a backup of everything to a file, into a folder under a name with the time, or with `-` to standard output. */
export async function backup(config: Config, place: string, options: BackupOptions): Promise<void> {
  refuseWithoutRows(config)
  const path = pathOf(place)
  await using archive = path === undefined ? stdoutArchive() : await openArchiveFile(path)
  await using store = await openStore(config, systemClock)
  // Before the rows are looked at: what a row of ours names is then there until we have it.
  await using hold = options.blobs ? await holdBlobs(store) : undefined
  const manifest = await write(config, options, (buffers) => archive.write(buffers))
  hold?.check()
  await archive.finish()
  report(manifest, path ?? 'standard output', { json: options.json === true && path !== undefined })
}

async function write(config: Config, options: BackupOptions, out: (b: Buffer[]) => Promise<void>): Promise<Manifest> {
  using progress = new Progress()
  const master = config.POSTHOUSE_SECRET ?? readMasterSecret(config.POSTHOUSE_DATA)
  if (master === undefined)
    throw new Failure('not_found', `There is no secret in ${config.POSTHOUSE_DATA}: run it where the server runs`)
  await using snapshot = await openRowSnapshot(config)
  await using blobs = options.blobs ? await openBlobs(config, systemClock) : undefined
  const secret = config.POSTHOUSE_SECRET === undefined ? master : undefined
  const done = { rows: 0, blobs: 0 }
  return await writeBackup({
    head: {
      format: 'posthouse-backup-1',
      madeAt: new Date().toISOString(),
      domain: config.POSTHOUSE_DOMAIN,
      rows: snapshot.meta,
      secretMark: secretMark(master),
      withSecret: secret !== undefined,
      withBlobs: options.blobs,
    },
    snapshot,
    secret,
    blobs,
    write: out,
    onProgress: (what, count, of) => {
      done[what] += count
      progress.show(`${done[what]}${of === undefined ? '' : ` of ${of}`} ${what}`)
    },
  })
}

function pathOf(place: string): string | undefined {
  if (place === '-') return undefined
  const name = `posthouse-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z.tar`
  const path = existsSync(place) && statSync(place).isDirectory() ? join(place, name) : place
  if (existsSync(path)) throw new Failure('conflict', `${path} is there already, and nothing is overwritten`)
  return path
}

function report(manifest: Manifest, place: string, { json }: { json: boolean }): void {
  const rows = Object.values(manifest.rows).reduce((sum, count) => sum + count, 0)
  const { blobs, missing } = manifest
  if (json)
    console.log(
      JSON.stringify({ file: place, rows, blobs: blobs.count, blob_bytes: blobs.bytes, missing: missing.count }),
    )
  else console.error(`${place}: ${rows} rows, ${blobs.count} blobs, ${blobs.bytes} bytes of mail`)
  if (missing.count === 0) return
  console.error(
    `${missing.count} blobs could not be read and are not in it, ${missing.keys[0]} for one. Run: check-blobs`,
  )
  process.exitCode = 1
}

/** Keeps all blobs where they are, until it is disposed of or this process is gone. */
async function holdBlobs(store: Store): Promise<AsyncDisposable & { check(): void }> {
  const id = randomUUID()
  let until = 0
  let lapsed = false
  const renew = async () => {
    const now = Date.now()
    lapsed ||= until !== 0 && now > until
    await store.run('blobs.hold', { id, forMs: HOLD_MS })
    until = now + HOLD_MS
  }
  await renew()
  const timer = setInterval(() => void renew().catch(() => {}), RENEW_MS)
  return {
    check() {
      if (lapsed || Date.now() > until) {
        throw new Failure(
          'unavailable',
          'The backup was held up too long, and mail may be missing from it: take it again',
        )
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await store.run('blobs.release', { id }).catch(() => {})
    },
  }
}
