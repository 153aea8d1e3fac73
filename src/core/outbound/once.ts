import { createHash } from 'node:crypto'
import type { App } from '../app.ts'
import { invalid } from '../errors.ts'
import { RENEW_EVERY_MS } from '../idempotency/commands.ts'
import type { MessageId, OrgId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { Enqueued } from './enqueue-command.ts'
import type { KeylessSend } from './unheard-answers.ts'

const FORGET_AGAIN_MS = 1_000
const FORGET_TRIES = 300

/** Refuses what is no idempotency key. */
export function checkIdempotencyKey(key: string | null): void {
  if (key === null || /^[A-Za-z0-9._~-]{1,256}$/.test(key)) return
  throw invalid('Idempotency-Key', 'must be 1 to 256 of A-Z a-z 0-9 . _ ~ -')
}

/** Who waits for the answer, and the signal that tells that they are gone. */
export type Asking = Pick<KeylessSend, 'caller' | 'gone'>

/** Runs a send under its idempotency key: once, and answered again to whoever asks the same. A failed one frees the key. */
export async function once(
  app: App,
  mailbox: Mailbox,
  key: string | null,
  request: unknown[],
  send: (id?: MessageId) => Promise<Enqueued>,
  asking?: Asking,
): Promise<Enqueued> {
  if (key === null) return asking ? app.unheardAnswers.run({ mailbox, request, ...asking }, send) : send()
  const { orgId } = mailbox
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([mailbox.id, ...request]))
    .digest('hex')
  const { replayed } = await app.store.run('idempotency.begin', { orgId, key, fingerprint })
  if (replayed) return replayed as Enqueued
  const stop = keepRunning(app, { orgId, key })
  try {
    return await send()
  } catch (error) {
    await forget(app, orgId, key, FORGET_TRIES)
    throw error
  } finally {
    stop()
  }
}

// A call may take as long as the files it fetches; one whose process died is to be free again soon.
function keepRunning(app: App, call: { orgId: OrgId; key: string }): () => void {
  let cancel = () => {}
  const sleep = () => {
    cancel = app.clock.at(app.clock.now() + RENEW_EVERY_MS, () => {
      // A renewal that fails leaves the call two more before it counts as dead.
      app.store.run('idempotency.renew', call).catch(() => {})
      sleep()
    })
  }
  sleep()
  return () => cancel()
}

// A store that took the key and then failed may fail at this too, and whoever asks again would be told that the call still runs.
async function forget(app: App, orgId: OrgId, key: string, tries: number): Promise<void> {
  try {
    await app.store.run('idempotency.forget', { orgId, key })
  } catch {
    if (tries > 1) app.clock.at(app.clock.now() + FORGET_AGAIN_MS, () => void forget(app, orgId, key, tries - 1))
  }
}
