import { z } from 'zod'
import { createKey, listKeys, revokeKey } from '../../core/accounts/keys.ts'
import type { ApiKey } from '../../core/accounts/model.ts'
import type { ApiKeyId } from '../../core/ids.ts'
import { route } from '../route.ts'
import { parseId, parseInboxRef, printId } from './ids.ts'
import { pageOf, pageQuery, toPage, toPageRequest } from './paging.ts'
import { parsePermissions, printPermissions } from './permissions.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'

const scope = z.enum(['read', 'write', 'admin'])

const Key = z
  .object({
    key_id: z.string(),
    name: z.string(),
    prefix: z.string().meta({ examples: ['inai_xxxx_...'] }),
    scopes: z.array(scope),
    permissions: z.record(z.string(), z.boolean()).nullable().describe('A white list; null is everything'),
    inbox_id: z.string().nullable(),
    expires_at: Time.nullable(),
    used_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: 'ApiKey' })

const NewKey = z
  .object({ ...Key.shape, key: z.string().describe('Shown here and never again') })
  .meta({ id: 'NewApiKey' })

export const create = route({
  method: 'POST',
  path: '/api-keys',
  refuses: ['not_found'],
  summary: 'Make an API key',
  body: z.object({
    name: z.string().meta({ examples: ['my-agent-key'] }),
    scopes: z.array(scope).min(1).nullish(),
    permissions: z.record(z.string(), z.boolean()).nullish(),
    inbox_id: z.string().nullish(),
    expires_at: z.iso.datetime({ offset: true }).nullish(),
  }),
  reply: NewKey,
  status: 201,
  async handle({ app, caller, body }) {
    const { key, text } = await createKey(app, caller, {
      name: body.name,
      ...(body.scopes && { scopes: body.scopes }),
      permissions: parsePermissions(body.permissions),
      mailbox: body.inbox_id == null ? null : parseInboxRef(body.inbox_id),
      expiresAt: body.expires_at == null ? null : Date.parse(body.expires_at),
    })
    return { ...toKey(key), key: text }
  },
})

export const list = route({
  method: 'GET',
  path: '/api-keys',
  summary: 'The API keys, newest first, without their secret parts',
  query: pageQuery,
  reply: pageOf(Key),
  async handle({ app, caller, query }) {
    return toPage(await listKeys(app, caller, toPageRequest(query)), query, toKey)
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/api-keys/:keyId',
  summary: 'Revoke an API key at once',
  async handle({ app, caller, params }) {
    await revokeKey(app, caller, parseId('key', params.keyId) as ApiKeyId)
  },
})

function toKey(key: ApiKey): z.output<typeof Key> {
  return {
    key_id: printId('key', key.id),
    name: key.name,
    prefix: `inai_${key.publicPart}_...`,
    scopes: key.scopes,
    permissions: printPermissions(key.permissions),
    inbox_id: key.mailboxId && printId('inbox', key.mailboxId),
    expires_at: printTimeOrNull(key.expiresAt),
    used_at: printTimeOrNull(key.usedAt),
    created_at: printTime(key.createdAt),
  }
}
