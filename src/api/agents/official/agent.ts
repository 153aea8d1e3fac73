import { z } from 'zod'
import { signUpAgent, verifyAgent } from '../../../core/sign-up/sign-up.ts'
import { route } from '../../route.ts'
import { printId } from '../ids.ts'

export const agent = {
  sign_up: route({
    method: 'POST',
    path: '/agent/sign-up',
    refuses: ['forbidden', 'not_found'],
    summary: 'An organization, an inbox and a key for an agent that has none, where the operator allows it',
    open: true,
    body: z.object({
      human_email: z.string().describe('Gets a code; until it is given, the only one who can be written to'),
      username: z.string(),
      source: z.string().nullish(),
      referrer: z.string().nullish(),
    }),
    reply: z
      .object({ organization_id: z.string(), inbox_id: z.string(), api_key: z.string() })
      .meta({ id: 'AgentSignupResponse' }),
    async handle({ app, body }) {
      const { mailbox, key } = await signUpAgent(app, {
        humanEmail: body.human_email,
        username: body.username,
        source: body.source ?? null,
        referrer: body.referrer ?? null,
      })
      const organization_id = printId('organization', mailbox.orgId)
      return { organization_id, inbox_id: mailbox.address, api_key: key }
    },
  }),

  verify: route({
    method: 'POST',
    path: '/agent/verify',
    refuses: ['not_found'],
    summary: "Give the code that the agent's human got, which lifts the limits",
    body: z.object({ otp_code: z.string() }),
    reply: z.object({ verified: z.boolean() }).meta({ id: 'AgentVerifyResponse' }),
    async handle({ app, caller, body }) {
      await verifyAgent(app, caller, body.otp_code)
      return { verified: true }
    },
  }),
}
