import type { DomainId } from '../../ids.ts'
import type { Tx } from '../../store.ts'

/** From this commit on the mail of a domain takes this way; null: that of the server. */
export async function setDomainRoute(tx: Tx, input: { domainId: DomainId; sealedRoute: string | null }): Promise<void> {
  await tx.domains.setRoute(input.domainId, input.sealedRoute, tx.now)
}
