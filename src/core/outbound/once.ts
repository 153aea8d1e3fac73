import { createHash } from 'node:crypto'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Enqueued } from './enqueue-command.ts'

/** Refuses what is no idempotency key. */
export function checkIdempotencyKey(key: string | null): void {
  if (key === null || /^[A-Za-z0-9._~-]{1,256}$/.test(key)) return
  throw invalid('Idempotency-Key', 'must be 1 to 256 of A-Z a-z 0-9 . _ ~ -')
}

/** Runs a send under its idempotency key: once, and answered again to whoever asks the same. A failed one frees the key. */
export async function once(
  app: App,
  mailbox: Mailbox,
  key: string | null,
  request: unknown[],
  send: () => Promise<Enqueued>,
): Promise<Enqueued> {
  if (key === null) return send()
  const { orgId } = mailbox
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([mailbox.id, ...request]))
    .digest('hex')
  const { replayed } = await app.store.run('idempotency.begin', { orgId, key, fingerprint })
  if (replayed) return replayed as Enqueued
  try {
    return await send()
  } catch (error) {
    await app.store.run('idempotency.forget', { orgId, key }).catch(() => {})
    throw error
  }
}
