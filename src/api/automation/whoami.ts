import { z } from 'zod'
import { route } from '../route.ts'

export const whoami = route({
  method: 'GET',
  path: '/whoami',
  summary: 'Whose key this is',
  reply: z.object({ scopeId: z.string(), projectId: z.string(), apiKeyName: z.string() }),
  async handle({ caller }) {
    return { scopeId: caller.orgId, projectId: caller.projectId, apiKeyName: caller.keyName }
  },
})
