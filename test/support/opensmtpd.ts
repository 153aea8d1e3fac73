import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages, libraryPath, type Missing, type Packages } from './debian.ts'
import type { PeerAddress } from './peer-address.ts'
import { type PeerProcess, peerFolder, startPeer, writeCertificate } from './peer-process.ts'
import { withMounts, withoutMounts, withUsers } from './private-mounts.ts'

/** OpenSMTPD as Debian builds it. Its users and folders have fixed names, so it runs with mounts of its own. */
export async function findOpenSmtpd(): Promise<Packages | Missing> {
  return withoutMounts() ?? debianPackages(['opensmtpd'], 'usr/sbin/smtpctl')
}

/** Starts an OpenSMTPD that passes mail for our domain to `us` and all other mail to `others`. */
export async function startOpenSmtpd(
  packages: Packages,
  { listen, us, others }: Record<'listen' | 'us' | 'others', PeerAddress>,
): Promise<PeerProcess> {
  const folder = peerFolder()
  for (const name of ['spool/smtpd', 'lib/opensmtpd/empty', 'run'])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o755 })
  chmodSync(join(folder, 'spool/smtpd'), 0o711)
  writeCertificate(folder, 'opensmtpd.test', 'root')
  const file = join(folder, 'smtpd.conf')
  const to = ({ address, port }: PeerAddress) => `"smtp+tls://${address}:${port}" tls no-verify`
  writeFileSync(
    file,
    `pki peer cert "${folder}/cert.pem"
pki peer key "${folder}/key.pem"
listen on ${listen.address} port ${listen.port} tls pki peer hostname opensmtpd.test
action us relay host ${to(us)}
action others relay host ${to(others)}
match from any for domain "posthouse.localhost" action us
match from any for any action others
`,
  )
  const mounts = {
    ...withUsers(folder, { opensmtpd: 'mail', opensmtpq: 'news' }),
    '/var/spool': join(folder, 'spool'),
    '/var/lib': join(folder, 'lib'),
    '/run': join(folder, 'run'),
    ...(packages.root === '/'
      ? {}
      : { '/usr/sbin': join(packages.root, 'usr/sbin'), '/usr/libexec': join(packages.root, 'usr/libexec') }),
  }
  const [command, ...args] = withMounts(mounts, ['/usr/sbin/smtpd', '-d', '-f', file])
  return startPeer(folder, { command, args, env: libraryPath(packages), listen, signal: 'SIGKILL' })
}
