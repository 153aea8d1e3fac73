import { isWithin } from '../dns/domain-name.ts'
import { expandDomain, type MacroValue } from './expand.ts'
import { dottedAddress, formatAddress, type IpAddress } from './ip-address.ts'
import type { Lookups } from './lookups.ts'
import type { MacroString } from './macro.ts'

/** What stays the same through all records of one check (RFC 7208 §4.1). */
export interface SpfCheck {
  client: IpAddress
  helo: string
  localPart: string
  senderDomain: string
  receiver: string
  now: number
  lookups: Lookups
}

/** The name a term speaks of; empty when no question can be composed from it, so that the term never matches. */
export async function targetName(check: SpfCheck, domain: string, target: MacroString | null): Promise<string> {
  if (!target) return domain
  // RFC 8616 §4: a local part beyond ASCII cannot be part of a name.
  const spoiled =
    !/^[\x00-\x7f]*$/.test(check.localPart) && target.some((p) => typeof p !== 'string' && 'sl'.includes(p.letter))
  return spoiled ? '' : expandDomain(target, macroValue(check, domain))
}

/** The values of the macro letters while `domain` is checked (RFC 7208 §7.2). */
export function macroValue(check: SpfCheck, domain: string): MacroValue {
  return (letter) => {
    switch (letter) {
      case 's':
        return `${check.localPart}@${check.senderDomain}`
      case 'l':
        return check.localPart
      case 'o':
        return check.senderDomain
      case 'd':
        return domain
      case 'i':
        return dottedAddress(check.client)
      case 'p':
        return validatedName(check, domain)
      case 'v':
        return check.client.length === 4 ? 'in-addr' : 'ip6'
      case 'h':
        return check.helo
      case 'c':
        return formatAddress(check.client)
      case 'r':
        return check.receiver
      default:
        return String(Math.floor(check.now / 1000))
    }
  }
}

/** RFC 7208 §7.3: the domain itself before a name below it before any other. */
async function validatedName(check: SpfCheck, domain: string): Promise<string> {
  const names = await check.lookups.validatedNames(check.client)
  const own = names.find((name) => name.toLowerCase() === domain.toLowerCase())
  return own ?? names.find((name) => isWithin(name, domain)) ?? names[0] ?? 'unknown'
}
