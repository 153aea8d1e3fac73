import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** The master secret: there, and for its owner's eyes only. Whether it is the right one is seen by the keys that it opens. */
export async function checkSecret(config: Config): Promise<Finding[]> {
  if (config.POSTHOUSE_SECRET !== undefined) return [ok('secret', 'POSTHOUSE_SECRET is set')]
  const path = join(config.POSTHOUSE_DATA, 'secret')
  if (!existsSync(path)) {
    if (config.POSTHOUSE_DATABASE_URL === undefined && !existsSync(join(config.POSTHOUSE_DATA, 'posthouse.db'))) {
      return [ok('secret', `${path} is made at the first start`)]
    }
    return [
      fail(
        'secret',
        `${path} is not there`,
        'Put it back from a backup: keys in the database cannot be opened without it',
      ),
    ]
  }
  const open = modeOf(path) & 0o077
  if (open !== 0) return [fail('secret', `${path} can be read by others`, `chmod 600 ${path}`)]
  if ((modeOf(config.POSTHOUSE_DATA) & 0o077) !== 0) {
    return [warn('secret', 'The data folder can be looked into by others', `chmod 700 ${config.POSTHOUSE_DATA}`)]
  }
  return [ok('secret', `${path} is there, for its owner only`)]
}

function modeOf(path: string): number {
  return statSync(path).mode
}
