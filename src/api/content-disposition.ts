/**
 * `attachment` with a file name that every client can read: plain ASCII for old ones (RFC 6266 §4.1) and the true name in UTF-8
 * (RFC 8187 §3.2.1).
 */
export function attachmentDisposition(filename: string | null): string {
  const name = (filename ?? '').replace(/\p{Cc}/gu, '') || 'attachment'
  const plain = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeExtended(name)}`
}

// encodeURIComponent leaves ' ( ) * as they are, which RFC 8187's attr-char does not.
function encodeExtended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
