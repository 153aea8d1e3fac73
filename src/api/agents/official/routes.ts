import type { Dialect } from '../../dialect.ts'
import { authenticate } from '../auth.ts'
import { routes as seedRoutes } from '../routes.ts'
import { officialAt } from '../tell-apart.ts'
import { agent } from './agent.ts'
import { apiKey, apiKeys } from './api-keys.ts'
import { auth } from './auth.ts'
import { domains, setupLinks } from './domains.ts'
import { drafts, inboxDrafts } from './drafts.ts'
import { errorSchema, toReply } from './errors.ts'
import { events } from './events.ts'
import { inboxes } from './inboxes.ts'
import { lists } from './lists.ts'
import { messages } from './messages.ts'
import { metrics } from './metrics.ts'
import { organizations } from './organizations.ts'
import { pods } from './pods.ts'
import { accounts, authorization, providers } from './providers.ts'
import { readQuery } from './query.ts'
import { at, inbox, organization, pod } from './scope.ts'
import { sends } from './sends.ts'
import { socket } from './socket/door.ts'
import { threads } from './threads.ts'
import { inboxWebhooks, podWebhooks, webhooks } from './webhooks.ts'

/** What a resource is mounted as, and where: see `scope.ts`. */
export const routes = {
  ...at([organization], 'organizations', organizations),
  ...at([organization], 'auth', auth),
  ...at([organization], 'agent', agent),
  ...at([organization], 'pods', pods),
  ...at([organization, pod], 'inboxes', inboxes),
  ...at([inbox], 'messages', messages),
  ...at([inbox], 'messages', sends),
  ...at([inbox], 'inbox_events', events),
  ...at([organization, pod, inbox], 'threads', threads),
  ...at([organization, pod], 'domains', domains),
  ...at([organization], 'domains', setupLinks),
  ...at([organization], 'webhooks', webhooks),
  ...at([pod], 'webhooks', podWebhooks),
  ...at([inbox], 'webhooks', inboxWebhooks),
  ...at([organization], 'providers', providers),
  ...at([organization], 'accounts', accounts),
  ...at([organization], 'inboxes', authorization),
  ...at([organization, pod, inbox], 'lists', lists),
  ...at([organization, pod, inbox], 'drafts', drafts),
  ...at([inbox], 'drafts', inboxDrafts),
  ...at([organization, pod, inbox], 'api_keys', apiKeys),
  ...at([organization], 'api_keys', apiKey),
  ...at([organization, pod, inbox], 'metrics', metrics),
}

const atSharedPrefix = officialAt(Object.values(seedRoutes), Object.values(routes))

/** The API that the official AgentMail clients speak, at `/v0`; and at `/api/v0` for those that were given that base. */
export const officialAgents: Dialect = {
  name: 'agentmail',
  title: 'Posthouse for AgentMail clients',
  description:
    'The AgentMail API, version 0: the official clients work with it when their base URL leads here. A WebSocket at the prefix itself tells events as they happen; `since`, with the id of an event, tells those that were missed first.',
  prefixes: ['/v0', '/api/v0'],
  claims: (request, prefix, path) => prefix === '/v0' || atSharedPrefix(request, path),
  routes,
  authenticate,
  toReply,
  socket,
  readQuery,
  docs: { security: { type: 'http', scheme: 'bearer' }, error: errorSchema },
}
