/** A group of fields of a status or feedback part (RFC 3464 §2.1): names in lower case, values unfolded. */
export type FieldGroup = Map<string, string[]>

const MAX_GROUPS = 2000
const FIELD = /^([a-z][\w-]{0,60})[ \t]*:[ \t]*/i

/** Splits a status part at its empty lines; lines that are no field are passed over. */
export function readFieldGroups(text: string): FieldGroup[] {
  const groups: FieldGroup[] = []
  let group: FieldGroup | null = null
  let last: string[] | null = null
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      group = null
      last = null
      continue
    }
    if (/^[ \t]/.test(line) && last) {
      last.push(`${last.pop() ?? ''} ${line.trim()}`)
      continue
    }
    const match = FIELD.exec(line)
    if (!match?.[1]) continue
    const name = match[1].toLowerCase()
    // A second Final-Recipient begins the next recipient, also without an empty line.
    if (!group || (name === 'final-recipient' && group.has(name))) {
      if (groups.length >= MAX_GROUPS) break
      group = new Map()
      groups.push(group)
    }
    last = group.get(name) ?? []
    group.set(name, last)
    last.push(line.slice(match[0].length).trim())
  }
  return groups
}

export function firstValue(group: FieldGroup, name: string): string | null {
  return group.get(name)?.[0]?.trim() || null
}

/** The value behind the type of a typed field: `rfc822;a@b` gives `a@b` (RFC 3464 §2.1.2). */
export function untyped(value: string | null): string | null {
  if (value === null) return null
  const semicolon = value.indexOf(';')
  const rest = semicolon >= 0 && /^[\s\w-]*$/.test(value.slice(0, semicolon)) ? value.slice(semicolon + 1) : value
  return unescapeUtf8(rest.trim()) || null
}

// utf-8-addr-xtext, how RFC 6533 §3 writes an address where only ASCII may stand.
function unescapeUtf8(value: string): string {
  return value.replace(/\\x\{([0-9A-F]{1,6})\}/gi, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16)
    return code > 0x20 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
