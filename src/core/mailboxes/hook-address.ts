import { createHmac, randomBytes } from 'node:crypto'
import { splitTag } from '../../protocol/address/normalize.ts'
import { encodeCrockford } from '../../protocol/crockford.ts'
import type { App } from '../app.ts'
import { sameBytes } from '../secrets.ts'

/** `h`, 8 characters that select, and 16 that prove we made it. */
const SHAPE = /^h([0-9a-hjkmnp-tv-z]{8})-([0-9a-hjkmnp-tv-z]{16})$/
const SELECTOR_BYTES = 5
const TAG_BYTES = 10

type Keys = Pick<App, 'secrets' | 'settings'>

/** An address that nobody can guess, and that is told from a guess without looking anything up. */
export interface HookAddress {
  selector: string
  localPart: string
  domain: string
}

/** Draws a new address in the platform's domain. Whether its selector is free only the store knows. */
export function drawHookAddress(app: Keys): HookAddress {
  const domain = app.settings.mailDomain
  const selector = encodeCrockford(randomBytes(SELECTOR_BYTES))
  const [newest] = keyRing(app)
  return { selector, domain, localPart: `h${selector}-${tagOf(newest, selector, domain)}` }
}

/** The first 80 bits of an HMAC over selector and domain: bound to the domain, so that it cannot be carried to another. */
export function tagOf(key: Uint8Array, selector: string, domain: string): string {
  const mac = createHmac('sha256', key).update(`hook.v1\n${selector}\n${domain}`).digest()
  return encodeCrockford(mac.subarray(0, TAG_BYTES))
}

/** True for what looks like a hook address, with or without a `+tag`. Nothing else may be named like that. */
export function isHookShaped(localPart: string): boolean {
  return SHAPE.test(splitTag(localPart).base)
}

/** True when we made this address of the platform's domain, with the newest key or one before it. `localPart` is lower-case. */
export function isGenuineHook(app: Keys, localPart: string): boolean {
  const [, selector, tag] = SHAPE.exec(splitTag(localPart).base) ?? []
  if (selector === undefined || tag === undefined) return false
  return keyRing(app).some((key) => {
    return sameBytes(Buffer.from(tagOf(key, selector, app.settings.mailDomain)), Buffer.from(tag))
  })
}

// The newest first. Earlier ones stay: addresses made with them live on.
function keyRing({ secrets, settings }: Keys): [Buffer, ...Buffer[]] {
  const keys = Array.from({ length: settings.hookKeys }, (_, i) => secrets.derive(`hook addresses ${i + 1}`))
  return keys.reverse() as [Buffer, ...Buffer[]]
}
