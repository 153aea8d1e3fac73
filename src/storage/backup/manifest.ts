import { z } from 'zod'
import { sha256OfKey } from '../../core/blob-key.ts'
import { Failure } from '../../core/errors.ts'

/** The first file of a backup: what has to be known before the rest can be read. */
const Head = z.object({
  format: z.literal('posthouse-backup-1'),
  madeAt: z.iso.datetime(),
  domain: z.string(),
  rows: z.object({
    engine: z.enum(['sqlite', 'postgres']),
    migrations: z.array(z.string()),
    lastEvent: z.int().nonnegative(),
  }),
  /** Tells whether a master secret is the one that the rows are sealed with; says nothing of it otherwise. */
  secretMark: z.string(),
  withSecret: z.boolean(),
  withBlobs: z.boolean(),
})
export type Head = z.output<typeof Head>

/** The last file of a backup: without it the backup is not whole. */
const Manifest = z.object({
  /** SHA-256 (hex) of every file that is no blob; a blob's name begins with its own. */
  files: z.record(z.string(), z.string()),
  rows: z.record(z.string(), z.int()),
  blobs: z.object({ count: z.int(), bytes: z.int() }),
  /** Blobs that a row names and that could not be read when the backup was made: how many, and the first of them. */
  missing: z.object({ count: z.int(), keys: z.array(z.string()) }),
})
export type Manifest = z.output<typeof Manifest>

export const HEAD = 'posthouse.json'
export const SECRET = 'secret'
export const MANIFEST = 'manifest.json'
export const ROWS = /^rows\/([a-z0-9_]+)\/\d+\.ndjson$/

/** The key of the blob that an entry of this name holds; undefined for other entries. */
export function blobKeyOf(name: string): string | undefined {
  const key = name.startsWith(BLOBS) ? name.slice(BLOBS.length) : ''
  return sha256OfKey(key) === undefined ? undefined : key
}

const BLOBS = 'blobs/'

export function readHead(name: string, bytes: Buffer): Head {
  const head = name === HEAD ? Head.safeParse(parse(bytes)) : undefined
  if (!head?.success) throw new Failure('unprocessable', 'This is no backup of Posthouse, or one of another version')
  return head.data
}

export function readManifest(bytes: Buffer): Manifest {
  const manifest = Manifest.safeParse(parse(bytes))
  if (!manifest.success) throw new Failure('unprocessable', 'The backup has no manifest that can be read')
  return manifest.data
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
