import type { SigningAlgorithm } from '../../../protocol/dkim/signature-field.ts'
import type { DkimKeyId, DomainId } from '../../ids.ts'
import type { Domain } from '../model.ts'

/**
 * `pending`: published, so that it is known everywhere before it signs. `active`: signs. `retired`: signs no more, stays published
 * for the mail that is still on its way.
 */
export type DkimKeyState = 'pending' | 'active' | 'retired'

/** A key pair that signs the mail of a domain. A domain signs with an RSA and an Ed25519 key at once (RFC 8463 §3). */
export interface DkimKey {
  id: DkimKeyId
  domainId: DomainId
  selector: string
  algorithm: SigningAlgorithm
  /** The text to publish at `selector._domainkey.domain`. */
  publicRecord: string
  /** The private key, encrypted for this row; null once it signs no more. */
  sealedKey: string | null
  state: DkimKeyState
  createdAt: number
  activatedAt: number | null
  retiredAt: number | null
}

/** True for a key that an organization may leave unpublished: its domain is verified without it, and signs with it once the DNS shows it. */
export function isOptional({ orgId }: Pick<Domain, 'orgId'>, { algorithm }: Pick<DkimKey, 'algorithm'>): boolean {
  return orgId !== null && algorithm === 'ed25519-sha256'
}

/** Where the public half of a key is published. */
export function nameOfKey({ name }: Pick<Domain, 'name'>, { selector }: Pick<DkimKey, 'selector'>): string {
  return `${selector}._domainkey.${name}`
}
