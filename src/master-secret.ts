import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from './config.ts'

/** Of the setting POSTHOUSE_SECRET too. */
const MIN_LENGTH = 32

/**
 * The master secret of a data folder, made at the first start. Losing it loses every key derived from it, so it is on disk before
 * it is used; two processes that start together end with the same one.
 */
export function masterSecretOf(folder: string): string {
  const file = join(folder, 'secret')
  if (!existsSync(file)) writeOnce(folder, file, randomBytes(32).toString('hex'))
  const secret = readFileSync(file, 'utf8').trim()
  // An empty file would make keys that anybody can make.
  if (secret.length < MIN_LENGTH) {
    throw new ConfigError([
      `POSTHOUSE_DATA: ${file} is damaged, or shorter than ${MIN_LENGTH} characters: put the secret of this folder back, from a backup of it`,
    ])
  }
  return secret
}

/** The master secret of a data folder; undefined when it has none. */
export function readMasterSecret(folder: string): string | undefined {
  const file = join(folder, 'secret')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** Puts a secret that comes from elsewhere into a data folder; one that is there stays. */
export function keepMasterSecret(folder: string, secret: string): void {
  writeOnce(folder, join(folder, 'secret'), secret)
}

// Written aside and linked into place: a link never replaces what another process put there first.
function writeOnce(folder: string, file: string, secret: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const aside = `${file}.${process.pid}`
  const handle = openSync(aside, 'w', 0o600)
  writeSync(handle, `${secret}\n`)
  fsyncSync(handle)
  closeSync(handle)
  try {
    linkSync(aside, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(aside)
  }
  const directory = openSync(folder, 'r')
  fsyncSync(directory)
  closeSync(directory)
}
