import { DnsError, type Resolver } from '../dns/resolver.ts'
import { ParseError } from '../parse-error.ts'
import { DkimError } from './dkim-error.ts'
import { parseTagList, readColonList, trimBlanks } from './tag-list.ts'

/** A public key as its owner publishes it (RFC 6376 §3.6.1). */
export interface KeyRecord {
  /** `rsa` unless the record says otherwise. */
  keyType: string
  /** The hashes it may be used with; null means any. */
  hashes: readonly string[] | null
  services: readonly string[]
  flags: readonly string[]
  /** Base64 without blanks; empty when the key was revoked. */
  publicKey: string
}

const MAX_RECORDS = 8

/** Reads one key record; ParseError when it is not one. */
export function parseKeyRecord(text: string): KeyRecord {
  const tags = parseTagList(text)
  if (tags.has('v') && (tags.keys().next().value !== 'v' || tags.get('v') !== 'DKIM1')) {
    throw new ParseError('key record is of another version')
  }
  const publicKey = tags.get('p')
  if (publicKey === undefined) throw new ParseError('key record has no p=')
  const hashes = tags.get('h')
  return {
    keyType: (tags.get('k') ?? 'rsa').toLowerCase(),
    hashes: hashes === undefined ? null : readColonList(hashes),
    services: readColonList(tags.get('s') ?? '*'),
    flags: readColonList(tags.get('t') ?? ''),
    publicKey: publicKey.replace(/[ \t\r\n]+/g, ''),
  }
}

/** Asks the DNS for the key records of a selector. Texts that are no key record are passed over if one of them is. */
export async function fetchKeyRecords(resolver: Resolver, domain: string, selector: string): Promise<KeyRecord[]> {
  const name = `${selector}._domainkey.${domain}`
  if (name.length > 253) throw new DkimError('permerror', 'no such name for a key')
  const texts = await askTxt(resolver, name)
  const records: KeyRecord[] = []
  let reason = 'no key record'
  for (const text of texts.slice(0, MAX_RECORDS)) {
    try {
      records.push(parseKeyRecord(trimBlanks(text.join(''))))
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      reason = error.message
    }
  }
  if (records.length === 0) throw new DkimError('permerror', `key record: ${reason}`)
  return records
}

async function askTxt(resolver: Resolver, name: string): Promise<string[][]> {
  try {
    return await resolver.txt(name)
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    if (error.temporary) throw new DkimError('temperror', 'the DNS gave no answer for the key')
    throw new DkimError('permerror', 'no key for signature')
  }
}
