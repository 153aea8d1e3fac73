import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { type BlobCheck, type BlobFault, checkBlobs } from '../core/messages/check-blobs.ts'
import { refuseWithoutRows } from '../open-rows.ts'
import { openBlobs, openStore } from '../open-stores.ts'
import { Progress } from './progress.ts'

/** Reads all message bytes and prints the keys of those that are missing or damaged; then the exit code is 1. */
export async function checkAllBlobs(config: Config, options: { json?: boolean }): Promise<void> {
  refuseWithoutRows(config)
  const result = await checkAll(config, ({ key, problem }) => {
    console.log(options.json ? JSON.stringify({ key, problem }) : `${problem}  ${key}`)
  })
  if (options.json) console.log(JSON.stringify(result))
  else console.error(`${result.checked} blobs checked, ${result.bytes} bytes; ${result.faults} missing or damaged`)
  if (result.faults > 0) process.exitCode = 1
}

export async function checkAll(config: Config, onFault: (fault: BlobFault) => void): Promise<BlobCheck> {
  using progress = new Progress()
  await using store = await openStore(config, systemClock)
  await using blobs = await openBlobs(config, systemClock)
  return await checkBlobs({ store, blobs }, onFault, (checked) => progress.show(`${checked} blobs checked`))
}
