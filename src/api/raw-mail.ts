import { attachmentDisposition } from './content-disposition.ts'

/** A mail as a file: its exact bytes, which no browser may take for a page. */
export function rawMail(raw: Buffer, filename: string): Response {
  const bytes = new Uint8Array(raw.buffer as ArrayBuffer, raw.byteOffset, raw.length)
  return new Response(bytes, {
    headers: {
      'content-type': 'message/rfc822',
      'content-length': String(raw.length),
      'content-disposition': attachmentDisposition(filename),
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
    },
  })
}
