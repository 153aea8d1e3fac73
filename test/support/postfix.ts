import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages, libraryPath, type Missing, type Packages } from './debian.ts'
import type { PeerAddress } from './peer-address.ts'
import { folderOf, type PeerProcess, peerFolder, startPeer, writeCertificate } from './peer-process.ts'

/** Postfix as Debian builds it. Its master process insists on being root. */
export function findPostfix(): Promise<Packages | Missing> {
  if (process.getuid?.() !== 0) return Promise.resolve({ missing: 'postfix: starts only as root' })
  return debianPackages(['postfix'], 'usr/lib/postfix/sbin/master')
}

export interface PostfixOptions {
  /** Where it listens. */
  listen: PeerAddress
  /** The next hop for each domain, `*` for all others; what has none is refused. */
  routes: Record<string, PeerAddress>
  /** More for main.cf. */
  settings?: Record<string, string>
}

const QUEUES = 'active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace'.split(' ')

/** Starts a Postfix of its own in a temporary folder, with everything that it reads and writes. */
export function startPostfix(packages: Packages, options: PostfixOptions): Promise<PeerProcess> {
  const folder = peerFolder()
  const etc = join(folder, 'etc')
  for (const path of [etc, join(folder, 'queue'), join(folder, 'queue/pid')]) mkdirSync(path)
  // Users that every Debian has: the package's own come with its installation only.
  for (const name of ['data', ...QUEUES.map((queue) => `queue/${queue}`)]) folderOf('mail', join(folder, name))
  writeCertificate(etc, 'postfix.test', 'root')
  writeFileSync(join(etc, 'main.cf'), mainCf(packages, folder, options))
  writeFileSync(join(etc, 'master.cf'), masterCf(options))
  return startPeer(folder, {
    command: join(packages.root, 'usr/lib/postfix/sbin/master'),
    args: ['-s', '-c', etc],
    env: libraryPath(packages, 'usr/lib/postfix'),
    listen: options.listen,
    logFile: join(folder, 'log'),
    signal: 'SIGTERM',
  })
}

function mainCf({ root }: Packages, folder: string, { listen, routes, settings = {} }: PostfixOptions): string {
  const lib = join(root, 'usr/lib/postfix')
  const { '*': others, ...domains } = routes
  const hop = ({ address, port }: PeerAddress) => `smtp:[${address}]:${port}`
  const all = {
    compatibility_level: '3.6',
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
    smtpd_tls_cert_file: join(folder, 'etc/cert.pem'),
    smtpd_tls_key_file: join(folder, 'etc/key.pem'),
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
    // No table may be empty.
    transport_maps: `inline:{${Object.entries({ ...domains, 'nowhere.invalid': listen })
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
