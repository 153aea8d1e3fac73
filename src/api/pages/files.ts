import type { App } from '../../core/app.ts'
import { type LinkedFile, openLink } from '../../core/messages/attachment-links.ts'
import { openStoredLink } from '../../core/messages/stored-links.ts'
import { parseRange } from '../byte-range.ts'
import { attachmentDisposition } from '../content-disposition.ts'
import type { Page } from './page.ts'

/** The bytes behind signed links. Whoever has the link may have them; an Authorization field changes nothing. */
export function filesPages(app: App): Page[] {
  return [
    {
      method: 'GET',
      path: '/files/:token',
      handle: async (request, { token = '' }, requestId) => serve(request, await openLink(app, token), requestId),
    },
    {
      method: 'GET',
      path: '/files/inbox/:scope/:project/:inbox/:message/:attachment',
      async handle(request, { scope, project, inbox, message, attachment }, requestId) {
        const { searchParams } = new URL(request.url)
        const storageKey = ['inbox', scope, project, inbox, message, attachment].join('/')
        const [exp = '', kid = '', sig = ''] = ['exp', 'kid', 'sig'].map((name) => searchParams.get(name) ?? '')
        return serve(request, await openStoredLink(app, { storageKey, exp, kid, sig }), requestId)
      },
    },
  ]
}

function serve(request: Request, { part, content }: LinkedFile, requestId: string): Response {
  const headers = headersFor(part.filename, part.contentType)
  // Without validators no If-Range can hold, and then the whole is the answer (RFC 9110 §13.1.5).
  const field = request.headers.has('if-range') ? null : request.headers.get('range')
  const range = parseRange(field, content.length)
  if (range === 'unsatisfiable') {
    headers['content-range'] = `bytes */${content.length}`
    headers['content-type'] = 'application/json'
    return new Response(JSON.stringify({ ...unsatisfiable, request_id: requestId }), { status: 416, headers })
  }
  if (!range) return new Response(bytes(content), { headers: withLength(headers, content.length) })
  const slice = content.subarray(range.first, range.last + 1)
  headers['content-range'] = `bytes ${range.first}-${range.last}/${content.length}`
  return new Response(bytes(slice), { status: 206, headers: withLength(headers, slice.length) })
}

const unsatisfiable = { name: 'RangeError', code: 'range_not_satisfiable', message: 'The file has no such bytes' }

function headersFor(filename: string | null, contentType: string): Record<string, string> {
  return {
    'content-type': servedType(contentType),
    'content-disposition': attachmentDisposition(filename),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-store',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
}

const ACTIVE = /(html|xml|xsl|svg|javascript|ecmascript|jscript|livescript|x-shockwave-flash|x-mixed-replace)/

/** What a browser could run is served as plain bytes, whatever it is called. */
function servedType(stored: string): string {
  const type = stored.toLowerCase()
  const wellFormed = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type)
  // Office documents have "openxmlformats" in their names and are zip files.
  const harmless = type.startsWith('application/vnd.openxmlformats-')
  return wellFormed && (harmless || !ACTIVE.test(type)) ? type : 'application/octet-stream'
}

function withLength(headers: Record<string, string>, length: number): Record<string, string> {
  return { ...headers, 'content-length': String(length) }
}

// The types of the DOM want to know that the memory is not shared.
function bytes(content: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.length)
}
