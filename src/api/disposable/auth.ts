import type { Caller } from '../../core/accounts/caller.ts'
import { authenticateKey } from '../../core/accounts/keys.ts'
import type { App } from '../../core/app.ts'
import { HttpRefusal } from '../refusal.ts'

/** `Authorization: Bearer <key>`, whatever the key begins with. */
export async function authenticate(app: App, request: Request): Promise<Caller> {
  const field = request.headers.get('authorization') ?? ''
  const token = /^bearer +([^\s,]+)$/i.exec(field)?.[1]
  if (!token) throw new HttpRefusal('no_credentials', 'An Authorization header with a Bearer key is required')
  return authenticateKey(app, token)
}
