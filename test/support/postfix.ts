import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '../../src/transport/smtp-server/self-signed.ts'
import { debianPackages, libraryPath, type Missing, type Packages } from './debian.ts'
import { answers } from './peer-address.ts'

/** Postfix as Debian builds it. Its master process insists on being root. */
export function findPostfix(): Promise<Packages | Missing> {
  if (process.getuid?.() !== 0) return Promise.resolve({ missing: 'postfix: starts only as root' })
  return debianPackages(['postfix'], 'usr/lib/postfix/sbin/master')
}

export interface PostfixOptions {
  /** Where it listens. */
  listen: { address: string; port: number }
  /** The next hop for each domain, `*` for all others; what has none is refused. */
  routes: Record<string, { address: string; port: number }>
  /** More for main.cf. */
  settings?: Record<string, string>
}

export interface Postfix extends AsyncDisposable {
  log(): string
}

const QUEUES = 'active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace'.split(' ')

/** Starts a Postfix of its own in a temporary folder, with everything that it reads and writes. */
export async function startPostfix(packages: Packages, options: PostfixOptions): Promise<Postfix> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-postfix-'))
  makeFolders(folder)
  writeFileSync(join(folder, 'etc/main.cf'), mainCf(packages, folder, options))
  writeFileSync(join(folder, 'etc/master.cf'), masterCf(options))
  const master = join(packages.root, 'usr/lib/postfix/sbin/master')
  const env = { PATH: process.env.PATH, ...libraryPath(packages, 'usr/lib/postfix') }
  const server = spawn(master, ['-s', '-c', join(folder, 'etc')], { cwd: folder, env, stdio: 'ignore' })
  // A run that is broken off has no end of its own.
  const killed = () => server.kill('SIGTERM')
  process.once('exit', killed)
  const file = join(folder, 'log')
  const log = () => (existsSync(file) ? readFileSync(file, 'utf8') : '')
  const stop = async () => {
    process.off('exit', killed)
    await end(server)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await answers(options.listen, server)
  } catch (error) {
    const said = log()
    await stop()
    throw new Error(`Postfix did not start: ${said}`, { cause: error })
  }
  return { log, [Symbol.asyncDispose]: stop }
}

function makeFolders(folder: string): void {
  // Its processes are other users, who have to get in.
  chmodSync(folder, 0o755)
  for (const name of ['etc', 'queue', 'queue/pid']) mkdirSync(join(folder, name), { mode: 0o755 })
  const { uid, gid } = accountOf('mail')
  for (const name of ['data', ...QUEUES.map((queue) => `queue/${queue}`)]) {
    mkdirSync(join(folder, name), { mode: 0o700 })
    chownSync(join(folder, name), uid, gid)
  }
  const { cert, key } = selfSigned('postfix.test', Date.now())
  writeFileSync(join(folder, 'etc/tls.pem'), `${key}\n${cert}`, { mode: 0o600 })
}

function accountOf(name: string): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  if (!uid || !gid) throw new Error(`There is no user ${name}`)
  return { uid: Number(uid), gid: Number(gid) }
}

function mainCf({ root }: Packages, folder: string, { routes, settings = {} }: PostfixOptions): string {
  const lib = join(root, 'usr/lib/postfix')
  const { '*': others, ...domains } = routes
  const hop = ({ address, port }: { address: string; port: number }) => `smtp:[${address}]:${port}`
  const all = {
    compatibility_level: '3.6',
    // Users that every Debian has: the package's own come with its installation only.
    mail_owner: 'mail',
    setgid_group: 'daemon',
    default_privs: 'nobody',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    daemon_directory: join(lib, 'sbin'),
    command_directory: join(root, 'usr/sbin'),
    meta_directory: join(folder, 'etc'),
    shlib_directory: lib,
    import_environment: 'MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH',
    maillog_file: join(folder, 'log'),
    maillog_file_prefixes: folder,
    myhostname: 'postfix.test',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mydestination: '',
    alias_maps: '',
    mynetworks: '127.0.0.0/8',
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    smtpd_peername_lookup: 'no',
    smtpd_tls_chain_files: join(folder, 'etc/tls.pem'),
    smtpd_tls_security_level: 'may',
    smtpd_tls_loglevel: '1',
    smtp_tls_security_level: 'may',
    smtp_tls_loglevel: '1',
    smtp_dns_support_level: 'disabled',
    smtp_host_lookup: 'native',
    // It only passes on: nothing of the mail is any of its business.
    local_header_rewrite_clients: '',
    smtp_line_length_limit: '0',
    message_size_limit: '60000000',
    mailbox_size_limit: '0',
    default_transport: others ? hop(others) : 'error:no route',
    transport_maps: `inline:{${Object.entries(domains)
      .map(([domain, next]) => ` { ${domain} = ${hop(next)} }`)
      .join()} }`,
    ...settings,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

function masterCf({ listen }: PostfixOptions): string {
  const services = `
${listen.address}:${listen.port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`
  return services.trimStart()
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  await ended
}
