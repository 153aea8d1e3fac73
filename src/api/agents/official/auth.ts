import { z } from 'zod'
import { type Caller, isConfined } from '../../../core/accounts/caller.ts'
import type { App } from '../../../core/app.ts'
import { addressesOf } from '../../../core/mailboxes/mailboxes.ts'
import { route } from '../../route.ts'
import { printId } from '../ids.ts'
import { present } from './absent.ts'

const Identity = z
  .object({
    scope_type: z.enum(['organization', 'pod', 'inbox']),
    scope_id: z.string(),
    organization_id: z.string(),
    pod_id: z.string().optional(),
    inbox_id: z.string().optional(),
    api_key_id: z.string().optional(),
  })
  .meta({ id: 'Identity' })

export const auth = {
  me: route({
    method: 'GET',
    path: '/auth/me',
    summary: 'Whose key this is, and what it opens',
    reply: Identity,
    async handle({ app, caller }) {
      const organization_id = printId('organization', caller.orgId)
      const api_key_id = caller.keyId && printId('key', caller.keyId)
      return present({ ...(await scopeOf(app, caller, organization_id)), organization_id, api_key_id })
    },
  }),
}

async function scopeOf(app: App, caller: Caller, organization_id: string) {
  const { projectId, mailboxId } = caller
  if (!isConfined(caller)) return { scope_type: 'organization' as const, scope_id: organization_id }
  const pod_id = printId('pod', projectId)
  if (mailboxId === null) return { scope_type: 'pod' as const, scope_id: pod_id, pod_id }
  const inbox_id = (await addressesOf(app, [mailboxId])).get(mailboxId) ?? printId('inbox', mailboxId)
  return { scope_type: 'inbox' as const, scope_id: inbox_id, pod_id, inbox_id }
}
