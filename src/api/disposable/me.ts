import { z } from 'zod'
import { route } from '../route.ts'
import { printTimeOrNull, Time } from './time.ts'

export const get = route({
  method: 'GET',
  path: '/me',
  summary: 'What the key is good for',
  reply: z
    .object({
      tenantId: z.uuid(),
      key: z.object({ name: z.string(), expiresAt: Time.nullable() }),
      scopes: z.array(z.enum(['read', 'write', 'admin'])),
      inboxId: z.uuid().nullable().describe('Set when the key opens this inbox only'),
    })
    .meta({ id: 'Me' }),
  async handle({ caller }) {
    const { orgId, keyName, expiresAt, scopes, mailboxId } = caller
    const key = { name: keyName, expiresAt: printTimeOrNull(expiresAt) }
    return { tenantId: orgId, key, scopes: [...scopes], inboxId: mailboxId }
  },
})
