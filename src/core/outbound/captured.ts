import { type Caller, demand, reachOf } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { type CapturedId, isUuid } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Captured } from './model.ts'

/** What the sandbox kept of the caller's mail to the outside world, newest first. */
export async function listCaptured(app: App, caller: Caller, page: PageRequest): Promise<Page<Captured>> {
  demand(caller, 'message_read')
  return app.store.read.outbound.captured(reachOf(caller), page)
}

/** A captured mail with its bytes, as they would have left. */
export async function getCaptured(app: App, caller: Caller, id: string): Promise<{ captured: Captured; raw: Buffer }> {
  demand(caller, 'message_read')
  const found = isUuid(id) ? await app.store.read.outbound.capturedById(reachOf(caller), id as CapturedId) : undefined
  if (!found) throw notFound('captured message')
  const raw = await app.blobs.get(found.blobKey)
  if (!raw) throw notFound('captured message')
  return { captured: found, raw }
}
