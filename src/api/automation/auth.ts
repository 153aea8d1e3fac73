import type { Caller } from '../../core/accounts/caller.ts'
import { authenticateKey } from '../../core/accounts/keys.ts'
import type { App } from '../../core/app.ts'
import { bearerToken } from '../bearer.ts'

/** A key is one project's here, whatever else it may open elsewhere. */
export async function authenticate(app: App, request: Request): Promise<Caller> {
  const caller = await authenticateKey(app, bearerToken(request))
  return { ...caller, projectOnly: true }
}
