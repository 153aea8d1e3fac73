import { fork } from 'node:child_process'
import { once } from 'node:events'
import { apiClient } from '../../test/support/api-client.ts'
import { startServerProcess, temporaryFolder } from '../../test/support/server-process.ts'
import { familyOf } from './process-figures.ts'

/** A server under load. */
export interface Target extends AsyncDisposable {
  port: number
  recipients: string[]
  pids(): number[]
}

export interface Posthouse extends Target {
  url: string
  apiKey: string
  pid: number
}

const MAILBOXES = 50
const KEY = 'inai_the_key_of_this_bench'

/** The real program on a fresh data folder, or on `folder`, with mailboxes to write to. */
export async function startPosthouse(
  dns: string,
  { folder, mailboxes = MAILBOXES }: { folder?: string; mailboxes?: number } = {},
): Promise<Posthouse> {
  await using opened = new AsyncDisposableStack()
  const path = folder ?? opened.use(temporaryFolder()).path
  const server = opened.use(
    await startServerProcess(path, { POSTHOUSE_DNS: dns, POSTHOUSE_ROOT_KEY: KEY, ...fromOutside() }),
  )
  const api = apiClient(server.url, KEY)
  const recipients: string[] = []
  for (let i = 0; i < mailboxes; i++) {
    const { status } = await api.post('/inboxes', { username: `box${i}` })
    if (status !== 201) throw new Error(`The server makes no inbox: ${status}`)
    recipients.push(`box${i}@posthouse.localhost`)
  }
  const closing = opened.move()
  return {
    port: server.smtpPort,
    url: server.url,
    apiKey: KEY,
    pid: server.pid,
    recipients,
    pids: () => [server.pid],
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

// For profiles: NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…" npm run bench -- intake
function fromOutside(): Record<string, string> {
  const { BENCH_NODE_OPTIONS: options } = process.env
  return options === undefined ? {} : { NODE_OPTIONS: options }
}

export async function startNullServer(): Promise<Target> {
  const child = fork(new URL('./null-server.ts', import.meta.url))
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    recipients: ['anybody@null.example'],
    pids: () => familyOf(child.pid!),
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await once(child, 'exit')
    },
  }
}
