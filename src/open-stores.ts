import { join } from 'node:path'
import { type Config, ConfigError } from './config.ts'
import type { Clock } from './core/clock.ts'
import type { Log } from './core/log.ts'
import type { Search } from './core/messages/search-store.ts'
import type { BlobStore, Store } from './core/store.ts'
import { masterSecretOf } from './master-secret.ts'
import { openLocalBlobs } from './storage/blobs/local.ts'
import { isDamage, isOutage } from './storage/sqlite.ts'
import { openSqliteStore } from './storage/sqlite-store.ts'

// Which of the stores a configuration means.

export async function openStore(config: Config, clock: Clock): Promise<Store> {
  const url = config.POSTHOUSE_DATABASE_URL
  if (url === undefined) return opening(rowsFile(config), (path) => openSqliteStore({ path, clock }))
  // Memory that a server on SQLite does not need.
  const { openPostgresStore } = await import('./storage/postgres-store.ts')
  try {
    return await openPostgresStore({ url, clock })
  } catch (error) {
    const cause = (error as Error).cause ?? error
    throw new ConfigError([`POSTHOUSE_DATABASE_URL: the database does not answer (${(cause as Error).message})`])
  }
}

/** The words of the messages: a file beside the rows, or tables of the same database. What it has missed it catches up with. */
export async function openSearch(config: Config, store: Store, log: Log): Promise<Search> {
  const url = config.POSTHOUSE_DATABASE_URL
  if (url === undefined) {
    const { openSqliteSearch } = await import('./storage/search/sqlite-search.ts')
    const options = { rowsPath: rowsFile(config), events: store.read.events, log }
    return opening(join(config.POSTHOUSE_DATA, 'search.db'), (path) => openSqliteSearch({ path, ...options }))
  }
  const { openPostgresSearch } = await import('./storage/search/postgres-search.ts')
  return openPostgresSearch({ url, read: store.read })
}

/** What the disk or its content is to blame for is said in the operator's words. */
async function opening<T>(path: string, open: (path: string) => Promise<T>): Promise<T> {
  try {
    return await open(path)
  } catch (error) {
    if (!isOutage(error)) throw error
    const { message } = error as Error
    const problem = isDamage(error)
      ? `is damaged (${message}): put the folder back from a backup`
      : `is of no use now (${message})`
    throw new ConfigError([`POSTHOUSE_DATA: ${path} ${problem}`])
  }
}

/** Where SQLite keeps the rows. */
export function rowsFile(config: Config): string {
  return join(config.POSTHOUSE_DATA, 'posthouse.db')
}

export async function openBlobs(config: Config, clock: Clock): Promise<BlobStore> {
  if (!config.blobs) {
    return opening(join(config.POSTHOUSE_DATA, 'blobs'), (folder) => openLocalBlobs({ folder, clock }))
  }
  // 37 MB and 50 ms that a server with a data folder does not need.
  const { openS3Blobs } = await import('./storage/blobs/s3.ts')
  return openS3Blobs(config.blobs)
}

/** The master secret, made when there is none yet. */
export function secretOf(config: Config): string {
  return config.POSTHOUSE_SECRET ?? masterSecretOf(config.POSTHOUSE_DATA)
}
