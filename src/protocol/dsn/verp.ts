import { createHmac, timingSafeEqual } from 'node:crypto'

const PREFIX = 'b-'
const ID_BYTES = 16
const MAC_BYTES = 10
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const LOCAL_PART = /^b-([a-z2-7]{42})$/
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** What a return path is made of. */
export interface VerpInput {
  /** The delivery that reports to this address are about: a UUID. */
  deliveryId: string
  domain: string
  key: Uint8Array
}

/**
 * A return path of its own for each delivery, so that a bounce tells which one failed whatever its text says.
 * Base32, for servers change the case; ten octets of HMAC keep others from inventing bounces. 44 octets in all.
 */
export function verpAddress({ deliveryId, domain, key }: VerpInput): string {
  if (!UUID.test(deliveryId)) throw new RangeError('deliveryId is not a UUID')
  const id = Buffer.from(deliveryId.replace(/-/g, ''), 'hex')
  return `${PREFIX}${toBase32(Buffer.concat([id, macOf(id, domain, key)]))}@${domain}`
}

/** The delivery id in a return path that one of the keys signed; null for every other address. */
export function readVerp(address: string, keys: readonly Uint8Array[]): string | null {
  if (address.length > 320) return null
  const at = address.lastIndexOf('@')
  const encoded = LOCAL_PART.exec(address.slice(0, Math.max(at, 0)).toLowerCase())?.[1]
  const bytes = encoded ? fromBase32(encoded) : null
  if (!bytes) return null
  const id = bytes.subarray(0, ID_BYTES)
  const mac = bytes.subarray(ID_BYTES)
  // Every key is tried, so that the time does not tell which one fits.
  let signed = false
  for (const key of keys) signed = timingSafeEqual(mac, macOf(id, address.slice(at + 1), key)) || signed
  return signed ? toUuid(id) : null
}

// The domain is signed too: an address of one domain says nothing at another.
function macOf(id: Uint8Array, domain: string, key: Uint8Array): Buffer {
  const mac = createHmac('sha256', key).update('verp\0').update(id).update(domain.toLowerCase()).digest()
  return mac.subarray(0, MAC_BYTES)
}

function toUuid(id: Buffer): string {
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function toBase32(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text
}

function fromBase32(text: string): Buffer | null {
  const bytes = Buffer.alloc(ID_BYTES + MAC_BYTES)
  let held = 0
  let bits = 0
  let at = 0
  for (const char of text) {
    held = (held << 5) | ALPHABET.indexOf(char)
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = held >> bits
    held &= (1 << bits) - 1
  }
  // Bits left over are zero in what we write; another spelling of the same address is not ours.
  return held === 0 ? bytes : null
}
