import type { Dialect } from '../../dialect.ts'
import { authenticate } from '../auth.ts'
import { routes as seedRoutes } from '../routes.ts'
import { officialAt } from '../tell-apart.ts'
import { errorSchema, toReply } from './errors.ts'
import { inboxes } from './inboxes.ts'
import { organizations } from './organizations.ts'
import { readQuery } from './query.ts'
import { at, organization, pod } from './scope.ts'

/** What a resource is mounted as, and where: see `scope.ts`. */
export const routes = {
  ...at([organization], 'organizations', organizations),
  ...at([organization, pod], 'inboxes', inboxes),
}

const atSharedPrefix = officialAt(Object.values(seedRoutes), Object.values(routes))

/** The API that the official AgentMail clients speak, at `/v0`; and at `/api/v0` for those that were given that base. */
export const officialAgents: Dialect = {
  name: 'agentmail',
  title: 'Posthouse for AgentMail clients',
  description: 'The AgentMail API, version 0: the official clients work with it when their base URL leads here.',
  prefixes: ['/v0', '/api/v0'],
  claims: (request, prefix, path) => prefix === '/v0' || atSharedPrefix(request, path),
  routes,
  authenticate,
  toReply,
  readQuery,
  docs: { security: { type: 'http', scheme: 'bearer' }, error: errorSchema },
}
