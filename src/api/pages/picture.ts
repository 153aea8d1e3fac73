import type { App } from '../../core/app.ts'
import { recordOpen } from '../../core/messages/opens.ts'
import type { Page } from './page.ts'

/** One transparent point. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

/** The picture that tells of an opened mail. It is the same for whoever asks for whatever: so it tells nothing of our messages. */
export function picturePage(app: App): Page {
  return {
    method: 'GET',
    path: '/opens/:token',
    async handle(request, { token = '' }, requestId) {
      // Whoever only asks whether it is there sees nothing.
      if (request.method !== 'HEAD') {
        // The reader has no part in our troubles.
        await recordOpen(app, token).catch((err: unknown) => app.log.error({ err, requestId }, 'an open was lost'))
      }
      return new Response(GIF, { headers: { ...HEADERS, 'content-length': String(GIF.length) } })
    },
  }
}

const HEADERS = {
  'content-type': 'image/gif',
  'cache-control': 'no-store, private, max-age=0',
  'x-content-type-options': 'nosniff',
}
