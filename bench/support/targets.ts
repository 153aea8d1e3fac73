import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { apiClient } from '../../test/support/api-client.ts'
import { startServerProcess, temporaryFolder } from '../../test/support/server-process.ts'
import { familyOf } from './process-figures.ts'

/** A server under load. */
export interface Target extends AsyncDisposable {
  /** 127.0.0.1 when absent. */
  host?: string
  port: number
  recipients: string[]
  pids(): number[]
}

export interface Posthouse extends Target {
  url: string
  apiKey: string
  pid: number
  /** Lets it finish what it is at. */
  stop(): Promise<unknown>
  /** Ends it where it stands. */
  kill(): Promise<unknown>
}

const MAILBOXES = 50
const KEY = 'inai_the_key_of_this_bench'

/** The real program on a fresh data folder, or on `folder`, with mailboxes to write to. */
export async function startPosthouse(
  dns: string,
  {
    folder,
    mailboxes = MAILBOXES,
    env = {},
  }: { folder?: string; mailboxes?: number; env?: Record<string, string> } = {},
): Promise<Posthouse> {
  await using opened = new AsyncDisposableStack()
  const path = folder ?? opened.use(temporaryFolder()).path
  const server = opened.use(
    await startServerProcess(path, { POSTHOUSE_DNS: dns, POSTHOUSE_ROOT_KEY: KEY, ...asNpmStarts(), ...env }),
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
    stop: () => server.stop('SIGTERM'),
    kill: () => server.stop('SIGKILL'),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

// As `npm start` has it. For profiles: BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…" npm run bench -- intake
function asNpmStarts(): Record<string, string> {
  const { BENCH_NODE_OPTIONS: more = '' } = process.env
  return {
    NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/compiled'),
    NODE_OPTIONS: `--max-semi-space-size=16 ${more}`,
  }
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
