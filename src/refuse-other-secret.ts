import { type Config, ConfigError } from './config.ts'
import type { App } from './core/app.ts'
import { opensWith } from './core/domains/dkim-keys/key-box.ts'
import { domainNamed } from './core/domains/domains.ts'

/**
 * A server with another master secret than its data was made with could not sign, and would hand out links and return paths that its
 * neighbours do not know. A lost `secret` file, made anew by the start, is seen here too, and nodes of one database that differ.
 */
export async function refuseOtherSecret(app: App, config: Config): Promise<void> {
  const { store, secrets } = app
  const domain = await domainNamed(app, config.POSTHOUSE_DOMAIN)
  const keys = (await store.read.dkimKeys.ofDomain(domain.id)).filter(({ state }) => state === 'active')
  if (keys.length === 0 || keys.some((key) => opensWith(secrets, domain.name, key))) return
  const where = config.POSTHOUSE_SECRET === undefined ? `${config.POSTHOUSE_DATA}/secret` : 'its value'
  throw new ConfigError([
    `POSTHOUSE_SECRET: ${where} is not the secret that the keys of this data were made with: put that one back. Nodes of one database share it`,
  ])
}
