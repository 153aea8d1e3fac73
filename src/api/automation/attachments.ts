import { z } from 'zod'
import { linkStoredPart } from '../../core/messages/stored-links.ts'
import { wholeNumber } from '../query.ts'
import { Answer, route } from '../route.ts'
import { parseGuid } from './ids.ts'
import { printTime, Time } from './time.ts'

const PATH = '/inbox/:id/messages/:messageId/attachments/:attachmentId'
const DEFAULT_SECONDS = 3600

export const download = route({
  method: 'GET',
  path: PATH,
  summary: 'Leads to the file',
  status: 302,
  async handle({ app, caller, params }) {
    const { id, messageId, attachmentId } = params
    const ids = [parseGuid(id), parseGuid(messageId), parseGuid(attachmentId)] as const
    const { url } = await linkStoredPart(app, caller, ids, DEFAULT_SECONDS)
    return new Answer(302, undefined, { location: url, 'cache-control': 'no-store' })
  },
})

export const url = route({
  method: 'GET',
  path: `${PATH}/url`,
  summary: 'A link to the file that needs no key and ends by itself',
  query: z.object({ expirySeconds: wholeNumber({ min: 60, max: 86_400, fallback: DEFAULT_SECONDS }) }),
  reply: z.object({ downloadUrl: z.string(), downloadUrlExpiresAt: Time }),
  async handle({ app, caller, params, query }) {
    const { id, messageId, attachmentId } = params
    const ids = [parseGuid(id), parseGuid(messageId), parseGuid(attachmentId)] as const
    const link = await linkStoredPart(app, caller, ids, query.expirySeconds)
    return { downloadUrl: link.url, downloadUrlExpiresAt: printTime(link.expiresAt) }
  },
})
