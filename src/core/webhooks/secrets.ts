import { randomBytes } from 'node:crypto'
import type { App } from '../app.ts'
import type { OrgId } from '../ids.ts'
import { seal, unseal } from '../sealed.ts'
import type { Webhook, WebhookSecret } from './model.ts'
import type { NewSecret } from './secret-commands.ts'

type Sealing = Pick<App, 'secrets'>

/** A new secret and its sealed form: 64 hexadecimal digits, which every receiver's library takes. */
export function newSecret(app: Sealing, owner: string, orgId: OrgId): { text: string; sealed: NewSecret } {
  const text = randomBytes(32).toString('hex')
  return { text, sealed: { owner, orgId, sealed: seal(keyOf(app), secretPlace(owner), text) } }
}

/** The texts that sign now, the newest first. */
export function openSecrets(app: Sealing, secret: WebhookSecret | undefined, now: number): string[] {
  if (!secret) return []
  const previous = secret.previousUntil !== null && now < secret.previousUntil ? secret.previousSealed : null
  const open = (sealed: string) => unseal(keyOf(app), secretPlace(secret.owner), sealed)
  return previous === null ? [open(secret.sealed)] : [open(secret.sealed), open(previous)]
}

export type CustomHeaders = Record<string, string>

/** The custom headers of a webhook, values sealed. */
export function sealHeaders(app: Sealing, id: Webhook['id'], headers: CustomHeaders) {
  const headerNames = Object.keys(headers)
  if (headerNames.length === 0) return { headerNames, sealedHeaders: null }
  return { headerNames, sealedHeaders: seal(keyOf(app), headersPlace(id), JSON.stringify(headers)) }
}

export function openHeaders(app: Sealing, { id, sealedHeaders }: Webhook): CustomHeaders {
  return sealedHeaders === null ? {} : JSON.parse(unseal(keyOf(app), headersPlace(id), sealedHeaders))
}

const keyOf = (app: Sealing) => app.secrets.derive('webhooks')
const secretPlace = (owner: string) => ['webhook secret', owner]
const headersPlace = (id: string) => ['webhook headers', id]
