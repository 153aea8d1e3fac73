import { randomInt } from 'node:crypto'
import { domainToASCII } from 'node:url'
import { invalid } from '../errors.ts'
import { isHookShaped } from './hook-address.ts'

// RFC 2142 names that belong to whoever runs the server.
const RESERVED = new Set(['postmaster', 'abuse', 'mailer-daemon', 'hostmaster'])

/** True for the names that nobody but the operator may have. */
export function isReserved(localPart: string): boolean {
  return RESERVED.has(localPart)
}

/** The left half of a new address, lower-case: 1 to 64 of `a-z 0-9 . _ % + -`, dots only between others. */
export function checkLocalPart(text: string): string {
  if (!/^[a-zA-Z0-9._%+-]{1,64}$/.test(text)) throw invalid('username', 'must be 1 to 64 of a-z A-Z 0-9 . _ % + -')
  if (/^\.|\.\.|\.$/.test(text)) throw invalid('username', 'must not begin or end with a dot, nor hold two in a row')
  const localPart = text.toLowerCase()
  if (isReserved(localPart) || isHookShaped(localPart)) throw invalid('username', 'is reserved')
  return localPart
}

// Consonants and vowels in turn can be read out, and hold no 0, 1, l or o.
const SOUNDS = ['bcdfghjkmnprstvwxz', 'aeiu']

/** A new address's left half for whoever does not mind: twelve letters, of which two never meet (10^11 of them). */
export function randomLocalPart(): string {
  return Array.from({ length: 12 }, (_, at) => {
    const letters = SOUNDS[at % 2] ?? ''
    return letters[randomInt(letters.length)]
  }).join('')
}

/** A domain name in its ASCII form, lower-case and without the final dot; undefined when it is none. */
export function toAsciiDomain(text: string): string | undefined {
  const ascii = domainToASCII(text.trim().replace(/\.$/, '')).toLowerCase()
  return /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(ascii)
    ? ascii
    : undefined
}
