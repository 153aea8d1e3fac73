/** A display name for a fetched file: from Content-Disposition (RFC 6266), else the last segment of the path. Never a path itself. */
export function fileNameOf(disposition: string | null, url: URL): string | null {
  const text = disposition === null ? null : (extended(disposition) ?? plain(disposition))
  return clean(text ?? '') ?? clean(decode(url.pathname.slice(url.pathname.lastIndexOf('/') + 1)))
}

/** RFC 8187: `filename*=UTF-8''na%C3%AFve.txt`. */
function extended(disposition: string): string | null {
  const [, charset, value] = /;[ \t]*filename\*[ \t]*=[ \t]*([\w-]+)'[\w-]*'([^;\s]+)/i.exec(disposition) ?? []
  if (charset === undefined || value === undefined) return null
  if (/^utf-8$/i.test(charset)) return decode(value)
  const bytes = value.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return /^iso-8859-1$/i.test(charset) ? bytes : null
}

function plain(disposition: string): string | null {
  const [, quoted, token] = /;[ \t]*filename[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i.exec(disposition) ?? []
  const value = quoted?.replace(/\\(.)/g, '$1') ?? token
  if (value === undefined) return null
  // Header bytes come as latin1; what servers really send there is UTF-8.
  const utf8 = Buffer.from(value, 'latin1').toString('utf8')
  return utf8.includes('\ufffd') ? value : utf8
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function clean(text: string): string | null {
  const name = text
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .split(/[/\\]/)
    .at(-1)
    ?.trim()
    .slice(0, 255)
  return name === undefined || /^\.*$/.test(name) ? null : name
}
