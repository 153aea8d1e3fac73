import type { App } from '../../app.ts'
import { invalid } from '../../errors.ts'
import type { DomainId } from '../../ids.ts'
import type { DeliveryRoute } from '../../outbound/route.ts'
import { readDeliveryRoute } from '../../outbound/route-text.ts'
import { seal, unseal } from '../../sealed.ts'
import { domainNamed } from '../domains.ts'
import type { Domain } from '../model.ts'
import type { SealedRoute } from '../store.ts'

// What the operator of the server may do; there is no caller to ask for permission.

/** A domain whose mail takes a way of its own. `route` is null when it cannot be read: under another master secret nothing opens. */
export interface DomainRoute extends Pick<SealedRoute, 'domainId' | 'orgId' | 'name'> {
  route: DeliveryRoute | null
}

/** Sends the mail of a domain by another way than the server's, from the next attempt on. */
export async function setRoute(app: App, domainName: string, routeText: string): Promise<Domain> {
  checkRoute(routeText)
  const domain = await domainNamed(app, domainName)
  const sealedRoute = seal(keyOf(app), placeOf(domain.id), routeText)
  await app.store.run('domains.set-route', { domainId: domain.id, sealedRoute })
  return domain
}

/** The mail of this domain takes the way of the server again. */
export async function clearRoute(app: App, domainName: string): Promise<Domain> {
  const domain = await domainNamed(app, domainName)
  await app.store.run('domains.set-route', { domainId: domain.id, sealedRoute: null })
  return domain
}

/** The domains with a way of their own, by name. */
export async function listRoutes(app: App): Promise<DomainRoute[]> {
  const sealed = await app.store.read.domains.routes()
  return sealed.map(({ sealedRoute, ...domain }) => ({ ...domain, route: openRoute(app, { ...domain, sealedRoute }) }))
}

/** Null, and a line in the log, for a route that cannot be read. */
export function openRoute(app: App, { domainId, name, sealedRoute }: SealedRoute): DeliveryRoute | null {
  try {
    return readDeliveryRoute(unseal(keyOf(app), placeOf(domainId), sealedRoute))
  } catch (error) {
    app.log.error({ err: error, domain: name }, 'the route of a domain does not open: has POSTHOUSE_SECRET changed?')
    return null
  }
}

function checkRoute(text: string): void {
  try {
    readDeliveryRoute(text)
  } catch (error) {
    throw invalid('route', (error as Error).message)
  }
}

const keyOf = (app: App) => app.secrets.derive('domain routes')
const placeOf = (id: DomainId) => ['domain route', id]
