import { text as readAll } from 'node:stream/consumers'
import type { Config } from '../config.ts'
import { clearRoute, listRoutes, setRoute } from '../core/domains/routes/routes.ts'
import { describeRoute } from '../core/outbound/route-text.ts'
import { openApp } from '../open-app.ts'
import { table } from './table.ts'

/** Gives a domain a way out of its own. */
export async function setDomainRoute(config: Config, domain: string, route: string): Promise<void> {
  await using opened = await openApp(config)
  const { name } = await setRoute(opened.app, domain, route === '-' ? (await readAll(process.stdin)).trim() : route)
  console.error(`Mail from ${name} takes this way from its next attempt on`)
}

/** Takes the way of its own from a domain. */
export async function clearDomainRoute(config: Config, domain: string): Promise<void> {
  await using opened = await openApp(config)
  const { name } = await clearRoute(opened.app, domain)
  console.error(`Mail from ${name} takes the way of the server from its next attempt on`)
}

/** Prints the domains with a way of their own. */
export async function listDomainRoutes(config: Config, options: { json?: boolean }): Promise<void> {
  await using opened = await openApp(config)
  const routes = await listRoutes(opened.app)
  const items = routes.map(({ name, route }) => ({ domain: name, route: route && describeRoute(route) }))
  if (options.json) console.log(JSON.stringify(items))
  else
    process.stdout.write(
      table(
        ['DOMAIN', 'ROUTE'],
        items.map((i) => [i.domain, i.route ?? 'cannot be read']),
      ),
    )
}
