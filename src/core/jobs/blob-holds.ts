import type { Tx } from '../store.ts'

/** From this commit on no blob is deleted for so long, however many rows go; asked again, for longer. */
export async function holdBlobs(tx: Tx, input: { id: string; forMs: number }): Promise<void> {
  await tx.jobs.holdBlobs(input.id, tx.now + input.forMs)
}

/** This holder needs no blob any more. */
export async function releaseBlobs(tx: Tx, input: { id: string }): Promise<void> {
  await tx.jobs.releaseBlobs(input.id, tx.now)
}
