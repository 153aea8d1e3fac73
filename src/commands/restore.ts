import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import type { BlobCheck } from '../core/messages/check-blobs.ts'
import { secretMark } from '../core/secrets.ts'
import { ensureDataFolder } from '../data-folder.ts'
import { keepMasterSecret, readMasterSecret } from '../master-secret.ts'
import { openRowTarget } from '../open-rows.ts'
import { openBlobs, openStore } from '../open-stores.ts'
import type { Head } from '../storage/backup/manifest.ts'
import { readBackup } from '../storage/backup/read-backup.ts'
import { checkAll } from './check-blobs.ts'
import { Progress } from './progress.ts'

export interface RestoreOptions {
  /** False with `--no-blobs`. */
  blobs: boolean
  json?: boolean
}

const FAULTS_SHOWN = 20

/** Puts a backup where the settings say that data is kept, which must be empty, and checks every message's bytes at the end. */
export async function restore(config: Config, place: string, options: RestoreOptions): Promise<void> {
  ensureDataFolder(config.POSTHOUSE_DATA)
  const { head, manifest } = await read(config, place, options)
  await freeLeases(config)
  const check = head.withBlobs && options.blobs ? await verify(config) : { checked: 0, faults: 0 }
  const rows = Object.values(manifest.rows).reduce((sum, count) => sum + count, 0)
  const { madeAt } = head
  if (options.json) console.log(JSON.stringify({ made_at: madeAt, rows, blobs: check.checked, faults: check.faults }))
  else
    console.error(`Restored as of ${madeAt}: ${rows} rows, ${check.checked} blobs, ${check.faults} missing or damaged`)
  if (check.faults > 0) process.exitCode = 1
}

// Whoever had mail in hand when the backup was made has not got this mail.
async function freeLeases(config: Config): Promise<void> {
  await using store = await openStore(config, systemClock)
  await store.run('outbound.release-all', {})
}

async function verify(config: Config): Promise<BlobCheck> {
  let shown = 0
  return checkAll(config, ({ key, problem }) => {
    if (shown++ < FAULTS_SHOWN) console.error(`${problem}: ${key}`)
  })
}

async function read(config: Config, place: string, options: RestoreOptions) {
  using progress = new Progress()
  await using blobs = options.blobs ? await openBlobs(config, systemClock) : undefined
  const done = { rows: 0, blobs: 0 }
  return await readBackup({
    chunks: place === '-' ? process.stdin : createReadStream(fileOf(place), { highWaterMark: 1024 * 1024 }),
    open: async (head) => {
      checkSecret(config, head)
      return { target: await openRowTarget(config), blobs: head.withBlobs ? blobs : undefined }
    },
    keepSecret: async (secret) => {
      if (config.POSTHOUSE_SECRET === undefined) keepMasterSecret(config.POSTHOUSE_DATA, secret)
    },
    onProgress: (what, count) => {
      done[what] += count
      progress.show(`${done.rows} rows, ${done.blobs} blobs`)
    },
  })
}

/** A backup, or the newest in a folder of them. */
function fileOf(place: string): string {
  if (!existsSync(place)) throw new Failure('not_found', `There is no ${place}`)
  if (!statSync(place).isDirectory()) return place
  const newest = readdirSync(place)
    .filter((name) => /^posthouse-.*\.tar$/.test(name))
    .sort()
    .at(-1)
  if (newest === undefined) throw new Failure('not_found', `There is no backup (posthouse-….tar) in ${place}`)
  return join(place, newest)
}

// Without the secret that the rows are sealed with, DKIM and webhook keys in them are lost: better said before than found later.
function checkSecret(config: Config, head: Head): void {
  const here = config.POSTHOUSE_SECRET ?? readMasterSecret(config.POSTHOUSE_DATA)
  if (here === undefined && head.withSecret) return
  if (here === undefined)
    throw new Failure('unprocessable', 'The backup was made with POSTHOUSE_SECRET: set it to the same')
  if (secretMark(here) !== head.secretMark) {
    const where = config.POSTHOUSE_SECRET === undefined ? join(config.POSTHOUSE_DATA, 'secret') : 'POSTHOUSE_SECRET'
    throw new Failure('conflict', `${where} is another secret than the backup's, and nothing is overwritten`)
  }
}
