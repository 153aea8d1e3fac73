import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/server-process.ts'
import { watchThreads } from '../../../test/support/watch-threads.ts'
import { Lane, type Trade } from './lane.ts'

const sleep = (ms: number) => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms})`

/** Returns each word as it came, but for HANG, after this was done at its start. */
const program = (start: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { existsSync, writeFileSync } from 'node:fs'
      import { parentPort } from 'node:worker_threads'
      ${start}
      parentPort.on('message', ({ id, word }) => {
        if (word === 'HANG') while (true) {}
        parentPort.postMessage({ id, word })
      })
      parentPort.postMessage({ ready: true })
    `)}`,
  )

/** One thread for words, and what has failed in it. */
function wordLane(start: string, limits: { deadlineMs: number; startMs?: number }) {
  const failed: string[] = []
  const trade: Trade<string, string> = {
    ...{ ...limits, threads: 1, program: program(start) },
    pack: (word) => ({ message: { word } }),
    unpack: (answer) => (answer as { word: string }).word,
    fail(word, why) {
      failed.push(`${word} ${why}`)
      return why
    },
  }
  return { lane: new Lane(trade), failed }
}

test('the time that a thread takes to start is not the time of its first task', async () => {
  const { lane, failed } = wordLane(sleep(2_000), { deadlineMs: 1_000 })
  await using _ = lane
  expect(await Promise.all(['one', 'two'].map((word) => lane.run(word)))).toEqual(['one', 'two'])
  expect(failed).toEqual([])
})

test('behind a slow start only the task that takes too long fails', async () => {
  const { lane, failed } = wordLane(sleep(1_500), { deadlineMs: 1_000 })
  await using _ = lane
  lane.warm()
  const words = ['one', 'HANG', 'two', 'three', 'four', 'five']
  const all = await Promise.all(words.map((word) => lane.run(word)))
  expect(all).toEqual(['one', 'timeout', 'two', 'three', 'four', 'five'])
  expect(failed).toEqual(['HANG timeout'])
})

test('a thread that dies at its start is tried again, and no task notices', async () => {
  using folder = temporaryFolder()
  const dieOnce = `
    const marker = ${JSON.stringify(join(folder.path, 'died'))}
    if (!existsSync(marker)) {
      writeFileSync(marker, '')
      process.exit(1)
    }
  `
  using threads = watchThreads()
  const { lane, failed } = wordLane(dieOnce, { deadlineMs: 10_000 })
  await using _ = lane
  expect(await Promise.all(['one', 'two'].map((word) => lane.run(word)))).toEqual(['one', 'two'])
  expect([failed, threads.started()]).toEqual([[], 2])
})

test.each([
  ['hangs', sleep(60_000), 'timeout'],
  ['dies', 'process.exit(1)', 'crash'],
])(
  'a thread that always %s at its start fails its first task behind the second try, and each other behind one more',
  async (_how, start, why) => {
    using threads = watchThreads()
    const { lane, failed } = wordLane(start, { deadlineMs: 10_000, startMs: why === 'timeout' ? 50 : 60_000 })
    await using _ = lane
    await Promise.all(['one', 'two', 'three'].map((word) => lane.run(word)))
    expect(failed).toEqual([`one ${why}`, `two ${why}`, `three ${why}`])
    expect(threads.started()).toBe(4)
  },
)

test('an answer that came while the main thread was busy came in time', async () => {
  const { lane, failed } = wordLane('', { deadlineMs: 500 })
  await using _ = lane
  await lane.run('first')
  const answer = lane.run('second')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000)
  expect([await answer, failed]).toEqual(['second', []])
})
