import { createHash } from 'node:crypto'
import type { App } from '../app.ts'
import type { ImapSourceId } from '../ids.ts'
import { seal, unseal } from '../sealed.ts'
import type { ImapAccount } from './model.ts'

type Sealing = Pick<App, 'secrets'>
type Sealed = Pick<ImapAccount, 'sealedPassword' | 'keyId'>

const keyOf = (app: Sealing) => app.secrets.derive('imap passwords')
const placeOf = (id: ImapSourceId) => ['imap', id]
/** Tells one key from another, and nothing of it. */
const nameOf = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 8)

/** Encrypts a password for the row of this source; it opens in no other. */
export function sealPassword(app: Sealing, id: ImapSourceId, password: string): Sealed {
  const key = keyOf(app)
  return { sealedPassword: seal(key, placeOf(id), password), keyId: nameOf(key) }
}

/** Undefined when it was sealed with another master secret: its owner has to give it once more. */
export function openPassword(app: Sealing, { id, sealedPassword, keyId }: Sealed & { id: ImapSourceId }) {
  const key = keyOf(app)
  return keyId === nameOf(key) ? unseal(key, placeOf(id), sealedPassword) : undefined
}
