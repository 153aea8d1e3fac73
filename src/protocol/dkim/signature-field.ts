import { createPrivateKey, hash, type KeyObject, sign } from 'node:crypto'
import { ParseError } from '../parse-error.ts'
import { canonicalField } from './canonical-header.ts'

export type SigningAlgorithm = 'rsa-sha256' | 'ed25519-sha256'

const MAX_LINE = 76

/**
 * A signature field signed over `before` (canonical and latin1, empty or ending in CRLF) and itself, folded, with CRLF.
 * The tags are plain ASCII; `b=` is added as the last one.
 */
export function composeSignature(
  name: string,
  tags: Readonly<Record<string, string>>,
  before: string,
  key: { algorithm: SigningAlgorithm; privateKey: KeyObject },
): string {
  const value = ` ${foldTags(name.length + 2, tags)}\r\n b=`
  const data = before + canonicalField({ name, value, raw: `${name}:${value}` }, 'relaxed').slice(0, -2)
  const signature = createSignature(Buffer.from(data, 'latin1'), key.algorithm, key.privateKey).toString('base64')
  return `${name}:${value}${signature.match(/.{1,72}/g)!.join('\r\n ')}\r\n`
}

/** The private key as an object, of the type its algorithm needs. */
export function readPrivateKey(privateKey: KeyObject | string, algorithm: SigningAlgorithm): KeyObject {
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey
  if (key.asymmetricKeyType !== algorithm.slice(0, algorithm.indexOf('-'))) {
    throw new ParseError(`the private key is not for ${algorithm}`)
  }
  return key
}

function createSignature(data: Buffer, algorithm: SigningAlgorithm, key: KeyObject): Buffer {
  if (algorithm === 'ed25519-sha256') return sign(null, hash('sha256', data, 'buffer'), key)
  return sign('sha256', data, key)
}

/** `v=1; a=…;` broken between tags and, in lists, behind colons: the places where folding is allowed. */
function foldTags(column: number, tags: Readonly<Record<string, string>>): string {
  let text = ''
  let used = column
  for (const [name, value] of Object.entries(tags)) {
    for (const [n, piece] of `${name}=${value};`.split(/(?<=:)/).entries()) {
      const gap = n === 0 && text !== '' ? ' ' : ''
      const fits = used + gap.length + piece.length <= MAX_LINE
      text += fits ? gap + piece : `\r\n ${piece}`
      used = fits ? used + gap.length + piece.length : 1 + piece.length
    }
  }
  return text
}
