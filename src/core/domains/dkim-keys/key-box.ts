import { createPrivateKey, type KeyObject } from 'node:crypto'
import { generateDkimKey } from '../../../protocol/dkim/generate-dkim-key.ts'
import type { DkimSigningKey } from '../../../protocol/dkim/sign-dkim.ts'
import type { SigningAlgorithm } from '../../../protocol/dkim/signature-field.ts'
import { type DkimKeyId, type DomainId, newId } from '../../ids.ts'
import { seal, unseal } from '../../sealed.ts'
import type { Secrets } from '../../secrets.ts'
import type { NewDkimKey } from './commands.ts'
import type { DkimKey } from './model.ts'

const MAX_OPEN = 1000

// Reading a PEM costs more than signing with it. Beside the secrets that opened them, so that no other server sees them.
const opened = new WeakMap<Secrets, Map<DkimKeyId, KeyObject>>()

const placeOf = (id: DkimKeyId, domainId: DomainId) => ['dkim key', id, domainId]

/** A new pair for a domain, its private half sealed for the row that will hold it. */
export async function newKey(
  secrets: Secrets,
  domainId: DomainId,
  selector: string,
  algorithm: SigningAlgorithm,
): Promise<NewDkimKey> {
  const id = newId<DkimKeyId>()
  const { privateKey, publicRecord } = await generateDkimKey(algorithm)
  const sealedKey = seal(secrets.derive('dkim keys'), placeOf(id, domainId), privateKey)
  return { id, selector, algorithm, publicRecord, sealedKey }
}

/** The key ready to sign; undefined for one that signs no more. */
export function signingKey(secrets: Secrets, domain: string, key: DkimKey): DkimSigningKey | undefined {
  if (key.state !== 'active' || key.sealedKey === null) return undefined
  const { selector, algorithm } = key
  return { domain, selector, algorithm, privateKey: openKey(secrets, key, key.sealedKey) }
}

/** False for a key that another master secret sealed. */
export function opensWith(secrets: Secrets, domain: string, key: DkimKey): boolean {
  try {
    signingKey(secrets, domain, key)
    return true
  } catch {
    return false
  }
}

function openKey(secrets: Secrets, { id, domainId }: DkimKey, sealed: string): KeyObject {
  const keys = opened.get(secrets) ?? new Map<DkimKeyId, KeyObject>()
  opened.set(secrets, keys)
  const known = keys.get(id)
  if (known) return known
  const key = createPrivateKey(unseal(secrets.derive('dkim keys'), placeOf(id, domainId), sealed))
  if (keys.size >= MAX_OPEN) keys.clear()
  keys.set(id, key)
  return key
}
