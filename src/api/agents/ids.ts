import { isUuid } from '../../core/ids.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const NOTHING = '00000000-0000-0000-0000-000000000000'

/** An inbox has no prefix in the seed; the others have theirs. */
const prefixes = {
  inbox: '',
  message: 'msg_',
  thread: 'thr_',
  attachment: 'att_',
  draft: 'dft_',
  key: 'key_',
  organization: 'org_',
  pod: 'pod_',
  captured: 'cap_',
  webhook: 'wh_',
  webhookDelivery: 'whd_',
  event: 'evt_',
} as const

export type Kind = keyof typeof prefixes

/** An id as this dialect prints it: its prefix and the UUID's 128 bits in 26 characters of lower-case Crockford base32. */
export function printId(kind: Kind, uuid: string): string {
  let bits = BigInt(`0x${uuid.replaceAll('-', '')}`)
  let text = ''
  for (let at = 0; at < 26; at++) {
    text = ALPHABET[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return prefixes[kind] + text
}

/** The UUID behind a printed id. What is malformed becomes an id that names nothing, so that core answers for it like for any unknown one. */
export function parseId(kind: Kind, text: string): string {
  const prefix = prefixes[kind]
  const body = text.slice(prefix.length)
  if (!text.startsWith(prefix) || !/^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(body)) return NOTHING
  let bits = 0n
  for (const c of body) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(c))
  const hex = bits.toString(16).padStart(32, '0')
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return isUuid(uuid) ? uuid : NOTHING
}

/** An inbox by its id or its address. */
export function parseInboxRef(text: string): string {
  return text.includes('@') ? text : parseId('inbox', text)
}

/** A pod by its id or the name that its maker gave it. */
export function parsePodRef(text: string): string {
  const id = parseId('pod', text)
  return id === NOTHING ? text : id
}

/** A message by its id or its Message-ID, with or without brackets. */
export function parseMessageRef(text: string): string {
  return text.includes('@') ? text : parseId('message', text)
}
