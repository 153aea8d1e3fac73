import { localPartValue, parseLooseAddrSpec, toLocalPart } from './addr-spec.ts'

/**
 * The one spelling under which an address is stored and looked up: lower case, composed (NFC), domain in ASCII, no needless quotes.
 * RFC 5321 §2.4 lets a host tell cases apart; none does, and here `Jane@` and `jane@` are one mailbox.
 */
export function canonicalAddress(address: string): string {
  const { localPart, domain } = parseLooseAddrSpec(address)
  const value = localPartValue(localPart).normalize('NFC').toLowerCase().normalize('NFC')
  return `${toLocalPart(value)}@${domain}`
}

/** `jane+news` is the mailbox `jane` and the tag `news` (RFC 5233 §1). A leading `+` belongs to the name, so the base is never empty. */
export function splitTag(localPart: string): { base: string; tag: string | null } {
  const value = localPartValue(localPart)
  const plus = value.indexOf('+', 1)
  if (plus < 0) return { base: localPart, tag: null }
  return { base: toLocalPart(value.slice(0, plus)), tag: value.slice(plus + 1) }
}
