/** Content types by file name ending, for what people attach. */
const byEnding: Record<string, string> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  css: 'text/css',
  csv: 'text/csv',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  eml: 'message/rfc822',
  gif: 'image/gif',
  gz: 'application/gzip',
  heic: 'image/heic',
  htm: 'text/html',
  html: 'text/html',
  ics: 'text/calendar',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  md: 'text/markdown',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  odp: 'application/vnd.oasis.opendocument.presentation',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odt: 'application/vnd.oasis.opendocument.text',
  ogg: 'audio/ogg',
  pdf: 'application/pdf',
  png: 'image/png',
  ppt: 'application/vnd.ms-powerpoint',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  rtf: 'application/rtf',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  txt: 'text/plain',
  vcf: 'text/vcard',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'application/xml',
  zip: 'application/zip',
}

/** The content type that a file name suggests. */
export function contentTypeOf(filename: string): string {
  const ending = /\.([A-Za-z0-9]{1,10})$/.exec(filename)?.[1]?.toLowerCase()
  return (ending && byEnding[ending]) || 'application/octet-stream'
}

// Of several endings the last in the table: jpg, html.
const byType = new Map(Object.entries(byEnding).map(([ending, type]) => [type, ending]))
const alsoSaid: Record<string, string> = {
  'application/x-gzip': 'gz',
  'application/x-zip-compressed': 'zip',
  'message/global': 'eml',
}

/** The ending that a file of this content type has. */
export function endingOf(contentType: string): string {
  const type = contentType.toLowerCase()
  const known = byType.get(type) ?? alsoSaid[type]
  if (known) return known
  const short = /^[\w-]+\/([a-z0-9]{1,8})$/.exec(type)?.[1]
  // What mail systems write for each other, a delivery status for one, is text too.
  return short ?? (/^(text|message)\//.test(type) ? 'txt' : 'bin')
}
