import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '../../src/transport/smtp-server/self-signed.ts'
import { answers, type PeerAddress } from './peer-address.ts'

/** A mail server of others in folders of its own; gone without a trace when disposed of. */
export interface PeerProcess extends AsyncDisposable {
  log(): string
}

/** A temporary folder that servers may enter as other users. */
export function peerFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-peer-'))
  chmodSync(folder, 0o755)
  return folder
}

/** A folder of another user's. */
export function folderOf(user: string, path: string, mode = 0o700): void {
  const { uid, gid } = accountOf(user)
  mkdirSync(path, { recursive: true, mode })
  chownSync(path, uid, gid)
}

function accountOf(name: string): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
  if (!uid || !gid) throw new Error(`There is no user ${name}`)
  return { uid: Number(uid), gid: Number(gid) }
}

/** `key.pem` and `cert.pem` of a name, readable by one user only. */
export function writeCertificate(folder: string, name: string, user: string): void {
  const { uid, gid } = accountOf(user)
  for (const [part, pem] of Object.entries(selfSigned(name, Date.now()))) {
    const path = join(folder, `${part}.pem`)
    writeFileSync(path, pem, { mode: 0o600 })
    chownSync(path, uid, gid)
  }
}

export interface PeerCommand {
  command: string
  args: string[]
  env: Record<string, string>
  listen: PeerAddress
  /** Where it writes its log, when not to its output. */
  logFile?: string
  /** What ends it with all its processes. */
  signal: NodeJS.Signals
}

/** Starts a server and waits until it greets. Takes its folder with it when it ends. */
export async function startPeer(folder: string, peer: PeerCommand): Promise<PeerProcess> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...peer.env }
  const server = spawn(peer.command, peer.args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output += chunk))
  const log = () => output + (peer.logFile && existsSync(peer.logFile) ? readFileSync(peer.logFile, 'utf8') : '')
  // A run that is broken off has no end of its own.
  const killed = () => server.kill(peer.signal)
  process.once('exit', killed)
  const stop = async () => {
    process.off('exit', killed)
    await end(server, peer.signal)
    output = log()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await answers(peer.listen, server)
  } catch (error) {
    const said = log()
    await stop()
    throw new Error(`${peer.command} did not start: ${said}`, { cause: error })
  }
  return { log, [Symbol.asyncDispose]: stop }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  // Its pipes close with the last of its processes.
  const ended = once(server, 'close')
  server.kill(signal)
  await ended
}
