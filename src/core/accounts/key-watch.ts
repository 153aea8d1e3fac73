import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { LoggedEvent } from '../events/model.ts'
import { type Caller, demand } from './caller.ts'
import type { Permission } from './model.ts'

/** True when the key of this caller may open less from this entry of the log on. */
export function concernsKey({ type, orgId, mailboxId, payload }: LoggedEvent, caller: Caller): boolean {
  if (orgId !== caller.orgId) return false
  // With its mailbox a key goes too.
  if (type === 'mailbox.deleted') return mailboxId === caller.mailboxId
  return type.startsWith('key.') && payload.keyId === caller.keyId
}

/** Refuses a caller whose key has ended meanwhile, or may not do this any more. The root key ends with the process only. */
export async function demandStill(app: App, caller: Caller, permission: Permission): Promise<void> {
  if (caller.keyId === null) return
  const key = await app.store.read.accounts.key(caller.orgId, caller.keyId)
  if (!key || (key.expiresAt !== null && key.expiresAt <= app.clock.now())) {
    throw new Failure('unauthenticated', 'Unknown API key')
  }
  demand({ ...caller, scopes: key.scopes, permissions: key.permissions }, permission)
}

/**
 * Aborted with the signal, when the server stops, and when the caller's key has ended or may not do this any more, on whichever node
 * that was done. When the promise resolves, no change is missed. Whoever gets it aborts it in the end.
 */
export async function untilKeyEnds(
  app: App,
  caller: Caller,
  permission: Permission,
  signal: AbortSignal,
): Promise<AbortController> {
  const over = new AbortController()
  const end = () => over.abort()
  const check = () => demandStill(app, caller, permission)
  const leave = await app.feed.join({
    async take(events) {
      if (events.some((event) => concernsKey(event, caller)))
        await check().catch((error) => endUnlessUnknown(error, end))
    },
    end,
  })
  const cancel = caller.expiresAt === null ? () => {} : app.clock.at(caller.expiresAt, end)
  over.signal.addEventListener('abort', () => {
    leave()
    cancel()
  })
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    await check()
    return over
  } catch (error) {
    end()
    throw error
  }
}

// A store that does not answer says nothing about the key: the entry comes again.
function endUnlessUnknown(error: unknown, end: () => void): void {
  if (!(error instanceof Failure) || error.code === 'unavailable') throw error
  end()
}
