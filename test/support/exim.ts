import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages, libraryPath, type Missing, type Packages } from './debian.ts'
import type { PeerAddress } from './peer-address.ts'
import { folderOf, type PeerProcess, peerFolder, startPeer, writeCertificate } from './peer-process.ts'
import { withMounts, withoutMounts, withUsers } from './private-mounts.ts'

/** Exim as Debian builds it. Its user has a fixed name, so it runs with mounts of its own. */
export async function findExim(): Promise<Packages | Missing> {
  return withoutMounts() ?? debianPackages(['exim4-daemon-light'], 'usr/sbin/exim4')
}

/** Starts an Exim that passes mail for our domain to `us` and all other mail to `others`. */
export async function startExim(
  packages: Packages,
  { listen, us, others }: Record<'listen' | 'us' | 'others', PeerAddress>,
): Promise<PeerProcess> {
  const folder = peerFolder()
  for (const name of ['spool', 'log']) folderOf('mail', join(folder, name))
  writeCertificate(folder, 'exim.test', 'mail')
  // Without the set-user bit, under which the loader would not look for libraries where we say.
  const exim = join(folder, 'exim')
  copyFileSync(join(packages.root, 'usr/sbin/exim4'), exim)
  chmodSync(exim, 0o755)
  const file = join(folder, 'exim.conf')
  writeFileSync(
    file,
    `exim_path = ${exim}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
pid_file_path = ${folder}/spool/pid
primary_hostname = exim.test
local_interfaces = ${listen.address}
daemon_smtp_ports = ${listen.port}
keep_environment = LD_LIBRARY_PATH
deliver_drop_privilege
acl_smtp_rcpt = anybody
acl_smtp_data = anybody
tls_advertise_hosts = *
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
log_selector = +tls_cipher
begin acl
anybody:
  accept
begin routers
us:
  driver = manualroute
  domains = posthouse.localhost
  route_list = * ${us.address}::${us.port}
  self = send
  transport = smtp
others:
  driver = manualroute
  route_list = * ${others.address}::${others.port}
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  allow_localhost
`,
  )
  const [command, ...args] = withMounts(withUsers(folder, { 'Debian-exim': 'mail' }), [exim, '-C', file, '-bdf'])
  return startPeer(folder, {
    command,
    args,
    env: libraryPath(packages),
    listen,
    signal: 'SIGKILL',
    logFile: join(folder, 'log/mainlog'),
  })
}
