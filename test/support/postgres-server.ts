import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { findPostgres } from './postgres-binaries.ts'

const run = promisify(execFile)

export interface PostgresServer {
  /** Of the maintenance database, as superuser. */
  url: string
  /** Stops it and keeps its data for `resume`. */
  pause(): Promise<void>
  resume(): Promise<void>
  stop(): Promise<void>
}

type User = { uid: number; gid: number } | Record<string, never>

/**
 * Starts a PostgreSQL of its own in a temporary folder; when run by root as another user, since it refuses root. It does not wait for
 * the disk unless it is to be `durable`: what the tests prove is not the disk of this machine.
 */
export async function startPostgres({ durable = false } = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-postgres-'))
  const user = unprivileged()
  if ('uid' in user) chownSync(folder, user.uid, user.gid)
  const bin = await runnable(findPostgres(), folder, user)
  const data = join(folder, 'data')
  const options = { ...user, cwd: folder, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }
  const init = ['-D', data, '-U', 'posthouse', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  await run(join(bin, 'initdb'), init, options)
  const port = await freePort()
  const more = durable ? [] : ['-F']
  const args = ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', String(port), '-c', 'max_connections=300', ...more]
  const url = `postgres://posthouse@127.0.0.1:${port}/postgres`
  let server: ChildProcess | undefined
  const resume = async () => {
    server = spawn(join(bin, 'postgres'), args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    await answering(server, url)
  }
  // SIGQUIT: at once and without a checkpoint, like a crash.
  const pause = async () => {
    if (server && server.exitCode === null && server.kill('SIGQUIT')) await once(server, 'exit')
  }
  // A run that is broken off has no end of its own.
  const killed = () => server?.kill('SIGQUIT')
  process.once('exit', killed)
  const stop = async () => {
    process.off('exit', killed)
    await pause()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await resume()
  } catch (error) {
    await stop()
    throw error
  }
  return { url, pause, resume, stop }
}

function unprivileged(): User {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = users.find((l) => l.startsWith('nobody:')) ?? users.find((l) => l.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  if (!uid || !gid) throw new Error('PostgreSQL does not run as root, and there is no user nobody to run it as')
  return { uid: Number(uid), gid: Number(gid) }
}

// The other user may not be let into the folder of this project: then it gets a copy.
async function runnable(bin: string, folder: string, user: User): Promise<string> {
  const works = await run(join(bin, 'postgres'), ['--version'], { ...user, cwd: folder }).catch(() => undefined)
  if (works) return bin
  const copy = join(folder, 'native')
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: false, dereference: true })
  return join(copy, 'bin')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function answering(server: ChildProcess, url: string): Promise<void> {
  let log = ''
  server.stderr?.on('data', (chunk) => {
    log = (log + chunk).slice(-4000)
  })
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(50)) {
    if (server.exitCode !== null) break
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    const connected = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => {})
    if (connected) return
  }
  throw new Error(`PostgreSQL did not start: ${log}`)
}
