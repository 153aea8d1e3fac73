import { z } from 'zod'
import { createKey, getKey, listKeys, revokeKey, updateKey } from '../../../core/accounts/keys.ts'
import type { ApiKey } from '../../../core/accounts/model.ts'
import type { App } from '../../../core/app.ts'
import { Failure } from '../../../core/errors.ts'
import type { ApiKeyId, MailboxId } from '../../../core/ids.ts'
import { addressesOf } from '../../../core/mailboxes/mailboxes.ts'
import { route } from '../../route.ts'
import { parseId, printId } from '../ids.ts'
import { parsePermissions, printPermissions } from '../permissions.ts'
import { printTime, printTimeOrNull, Time } from '../time.ts'
import { present } from './absent.ts'
import { pageOf, sortedQuery, toPage, toPageRequest } from './paging.ts'

const Permissions = z.record(z.string(), z.boolean()).describe('A white list; absent is everything')

const Common = z.object({
  api_key_id: z.string(),
  prefix: z.string(),
  name: z.string(),
  pod_id: z.string().optional(),
  inbox_id: z.string().optional(),
  permissions: Permissions.optional(),
  created_at: Time,
})

const Key = z
  .object({
    type: z.literal('bearer'),
    ...Common.shape,
    used_at: Time.optional(),
    expires_at: Time.optional(),
    updated_at: Time,
  })
  .meta({ id: 'ApiKey' })

const NewKey = z
  .object({ ...Common.shape, api_key: z.string().describe('Shown here and never again') })
  .meta({ id: 'CreateApiKeyResponse' })

const changeable = { name: z.string().nullish(), permissions: Permissions.nullish() }

/** In each scope: a key made there opens that scope and no more. */
export const apiKeys = {
  list: route({
    method: 'GET',
    path: '/api-keys',
    summary: 'The API keys, newest first',
    query: sortedQuery.extend({ type: z.enum(['bearer', 'public_key']).optional() }),
    reply: pageOf('api_keys', Key).omit({ limit: true }),
    async handle(call) {
      const asked = await listKeys(call.app, call.caller, toPageRequest(call, 'api_keys'))
      // There are no other kinds here.
      const items = call.query.type === 'public_key' ? [] : asked.items
      const addresses = await inboxesOf(call.app, items)
      const { limit: _, ...page } = toPage(call, 'api_keys', items, {
        toItem: (key) => toKey(key, addresses),
        cursorOf: ({ createdAt, id }) => ({ at: createdAt, id }),
      })
      return page
    },
  }),

  create: route({
    method: 'POST',
    path: '/api-keys',
    summary: 'Make an API key',
    body: z.object({ ...changeable, public_key: z.unknown().optional() }),
    reply: NewKey,
    async handle({ app, caller, body }) {
      const { expiresAt, mailboxId } = caller
      if (body.public_key !== undefined) throw new Failure('unprocessable', 'Public keys are not known here')
      const { key, text } = await createKey(app, caller, {
        name: body.name ?? 'unnamed',
        permissions: parsePermissions(body.permissions),
        ...{ mailbox: mailboxId, expiresAt },
      })
      return { ...toCommon(key, await inboxesOf(app, [key])), api_key: text }
    },
  }),

  update: route({
    method: 'PATCH',
    path: '/api-keys/:api_key_id',
    summary: 'Change the name or the permissions of an API key',
    body: z.object(changeable),
    reply: Key,
    async handle({ app, caller, params, body }) {
      const { name, permissions } = body
      const key = await updateKey(app, caller, parseId('key', params.api_key_id) as ApiKeyId, {
        ...(name == null ? {} : { name }),
        ...(permissions === undefined ? {} : { permissions: parsePermissions(permissions) }),
      })
      return toKey(key, await inboxesOf(app, [key]))
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/api-keys/:api_key_id',
    summary: 'Revoke an API key at once',
    async handle({ app, caller, params }) {
      await revokeKey(app, caller, parseId('key', params.api_key_id) as ApiKeyId)
    },
  }),
}

/** In the organization only. */
export const apiKey = {
  get: route({
    method: 'GET',
    path: '/api-keys/:api_key_id',
    summary: 'One API key, without its secret part',
    reply: Key,
    async handle({ app, caller, params }) {
      const key = await getKey(app, caller, parseId('key', params.api_key_id) as ApiKeyId)
      return toKey(key, await inboxesOf(app, [key]))
    },
  }),
}

type Addresses = ReadonlyMap<MailboxId, string>

function inboxesOf(app: App, keys: readonly ApiKey[]): Promise<Addresses> {
  return addressesOf(
    app,
    keys.flatMap(({ mailboxId }) => mailboxId ?? []),
  )
}

function toKey(key: ApiKey, addresses: Addresses): z.output<typeof Key> {
  const times = {
    used_at: printTimeOrNull(key.usedAt),
    expires_at: printTimeOrNull(key.expiresAt),
    updated_at: printTime(key.updatedAt),
  }
  return { type: 'bearer', ...toCommon(key, addresses), ...present(times) }
}

function toCommon(key: ApiKey, addresses: Addresses): z.output<typeof Common> {
  const { mailboxId, projectOnly, projectId } = key
  return present({
    api_key_id: printId('key', key.id),
    prefix: `inai_${key.publicPart}_...`,
    name: key.name,
    pod_id: projectOnly || mailboxId ? printId('pod', projectId) : null,
    inbox_id: mailboxId && (addresses.get(mailboxId) ?? null),
    permissions: printPermissions(key.permissions),
    created_at: printTime(key.createdAt),
  })
}
