/** Tests only: the first text/plain body of a simple mail, enough for the fixtures that are whole mails. */
export function plainText(bytes: Buffer): string {
  return find(bytes.toString('latin1').replaceAll('\r\n', '\n')) ?? ''
}

function find(entity: string): string | undefined {
  const gap = entity.indexOf('\n\n')
  const head = (gap < 0 ? entity : entity.slice(0, gap)).replace(/\n[ \t]+/g, ' ')
  const body = gap < 0 ? '' : entity.slice(gap + 2)
  const type = field(head, 'Content-Type') ?? 'text/plain'
  const boundary = /boundary="?([^";\n]+)/i.exec(type)?.[1]
  if (boundary) {
    for (const part of body.split(`--${boundary}`).slice(1)) {
      const text = find(part.replace(/^[^\n]*\n/, ''))
      if (text !== undefined) return text
    }
    return undefined
  }
  return /^text\/plain/i.test(type) ? decode(body, type, field(head, 'Content-Transfer-Encoding') ?? '7bit') : undefined
}

function field(head: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(head)?.[1]
}

function decode(body: string, type: string, encoding: string): string {
  const charset = /charset="?([^";\s]+)/i.exec(type)?.[1] ?? 'us-ascii'
  return new TextDecoder(charset).decode(Buffer.from(unwrap(body, encoding.trim().toLowerCase()), 'latin1'))
}

function unwrap(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('latin1')
  if (encoding !== 'quoted-printable') return body
  return body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
