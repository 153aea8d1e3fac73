import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { App } from '../../src/core/app.ts'
import { silentLog } from '../../src/core/log.ts'
import { secretsFrom } from '../../src/core/secrets.ts'
import { WebhookWorker } from '../../src/core/webhooks/worker.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { HttpWebhookSender } from '../../src/transport/webhook-sender.ts'
import { fakeResolver } from '../fakes/dns-zone.ts'
import { manualClock } from '../support/clock.ts'
import { temporaryFolder } from '../support/server-process.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'
import { testRenderers } from '../support/webhook-renderers.ts'

const script = join(import.meta.dirname, '../support/webhook-writer.ts')

/** Runs a process that posts, and kills it while a request waits for its answer. Answers the messages it had acknowledged. */
async function killWhileAsking(folder: string, receiver: Receiver, after: number): Promise<string[]> {
  const child = spawn(process.execPath, [script, folder, receiver.url, '60'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const acknowledged: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => acknowledged.push(line))
  receiver.answer = ({ path }) => {
    if (receiver.requests.length >= after) child.kill('SIGKILL')
    // From there on the answer never comes: the attempt was made and is not on record.
    if (receiver.requests.length >= after && path.endsWith('/0')) return new Promise(() => {})
    return { status: 204 }
  }
  await exited
  return acknowledged.filter((line) => line.length === 36)
}

test.each([1, 40])('after a kill at request %i every event still reaches every webhook', async (after) => {
  using folder = temporaryFolder()
  await using receiver = await startReceiver()
  const acknowledged = await killWhileAsking(folder.path, receiver, after)
  receiver.answer = () => ({ status: 204 })
  // Later than any lease of the dead.
  const clock = manualClock(Date.now() + 120_000)
  await using store = await openSqliteStore({ path: join(folder.path, 'posthouse.db'), clock })
  await using sender = new HttpWebhookSender({ resolver: fakeResolver({}), allowNet: ['127.0.0.0/8'] })
  const webhooks = { sender, renderers: testRenderers }
  const secrets = secretsFrom('the secret of the tests')
  const app = { clock, log: silentLog, secrets, store, webhooks } as unknown as App
  await using worker = new WebhookWorker(app)
  await worker.idle()
  const told = new Set(receiver.requests.map(({ path, body }) => `${path} ${JSON.parse(body).messageId}`))
  const expected = acknowledged.flatMap((id) => ['/hook/0', '/hook/1', '/hook/2'].map((path) => `${path} ${id}`))
  expect(acknowledged.length).toBeGreaterThan(0)
  expect(expected.filter((one) => !told.has(one))).toEqual([])
  expect(await store.read.webhooks.depth()).toBe(0)
  // At most what was under way is told twice.
  expect(receiver.requests.length - told.size).toBeLessThanOrEqual(15)
})
