import { downloadAttachment } from '../../core/messages/attachment-links.ts'
import { locate } from '../../core/messages/received.ts'
import { attachmentDisposition } from '../content-disposition.ts'
import { route } from '../route.ts'
import { readPlace } from './ids.ts'
import { inDomain } from './query.ts'

export const get = route({
  method: 'GET',
  path: '/messages/:uid/attachments/:index',
  scope: 'read',
  summary: 'The bytes of an attachment, by its index',
  query: inDomain,
  produces: 'application/octet-stream',
  async handle({ app, caller, params, query }) {
    const { id, mailboxId } = await locate(app, caller, readPlace(params.uid, query.domain))
    const index = /^\d{1,6}$/.test(params.index) ? Number(params.index) : -1
    const { part, filename, content } = await downloadAttachment(app, caller, mailboxId, id, index)
    return new Response(new Uint8Array(content), {
      headers: {
        'content-type': part.contentType,
        'content-length': String(content.length),
        'content-disposition': attachmentDisposition(filename),
        'content-security-policy': "sandbox; default-src 'none'",
        'x-content-type-options': 'nosniff',
      },
    })
  },
})
