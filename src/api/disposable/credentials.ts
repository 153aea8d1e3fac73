import { z } from 'zod'
import { issueCredential } from '../../core/submission/credentials.ts'
import { route } from '../route.ts'

export const issue = route({
  method: 'POST',
  path: '/inboxes/:id/smtp-credentials',
  scope: 'admin',
  summary: 'A user name and password to send as this inbox over SMTP; those before end at once',
  reply: z
    .object({
      host: z.string(),
      port: z.int(),
      secure: z.boolean().describe('False: the connection begins in the clear and goes on with STARTTLS'),
      username: z.string(),
      password: z.string().describe('Shown here and never again'),
      url: z.string(),
      notes: z.string(),
    })
    .meta({ id: 'SmtpCredentials' }),
  async handle({ app, caller, params }) {
    const { username, password } = await issueCredential(app, caller, params.id.toLowerCase())
    const { mailHost: host, submissionPort: port } = app.settings
    const [user, pass] = [username, password].map(encodeURIComponent)
    return {
      ...{ host, port, secure: false, username, password },
      url: `smtp://${user}:${pass}@${host}:${port}`,
      notes: 'STARTTLS required. Shown once; calling again replaces it.',
    }
  },
})
