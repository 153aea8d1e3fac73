import type { Caller } from '../../core/accounts/caller.ts'
import { authenticateKey } from '../../core/accounts/keys.ts'
import type { App } from '../../core/app.ts'
import { bearerToken } from '../bearer.ts'

/** `Authorization: Bearer <key>`, whatever the key begins with. */
export async function authenticate(app: App, request: Request): Promise<Caller> {
  return authenticateKey(app, bearerToken(request))
}
