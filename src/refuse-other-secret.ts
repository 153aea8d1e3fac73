import { type Config, ConfigError } from './config.ts'
import type { App } from './core/app.ts'
import { opensWith } from './core/domains/dkim-keys/key-box.ts'

/** Enough to be sure, however many domains there are. */
const LOOKED_AT = 20

/**
 * With another master secret than its data was made with nothing can be signed, and links and return paths are handed out that the
 * neighbours do not know. A lost `secret` file, made anew by the start, is seen here too, and nodes of one database that differ.
 */
export async function refuseOtherSecret({ store, secrets }: App, config: Config): Promise<void> {
  const keys = await store.read.dkimKeys.newestActive(LOOKED_AT)
  if (keys.length === 0 || keys.some((key) => opensWith(secrets, '', key))) return
  const where = config.POSTHOUSE_SECRET === undefined ? `${config.POSTHOUSE_DATA}/secret` : 'its value'
  throw new ConfigError([
    `POSTHOUSE_SECRET: ${where} is not the secret that the keys of this data were made with: put that one back. Nodes of one database share it`,
  ])
}
