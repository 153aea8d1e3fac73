import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianPackages, libraryPath, type Missing, type Packages } from './debian.ts'
import { loopbackHost, type PeerAddress } from './peer-address.ts'
import { folderOf, type PeerProcess, peerFolder, startPeer, writeCertificate } from './peer-process.ts'
import { RemoteFolder } from './remote-folder.ts'

/** Where its code looks for modules, whatever it is configured to. */
const MODULES = '/usr/lib/dovecot/modules'

/** Dovecot as Debian builds it. */
export function findDovecot(): Promise<Packages | Missing> {
  return debianPackages(['dovecot-imapd'], 'usr/sbin/dovecot')
}

export interface Dovecot extends PeerProcess {
  /** Its name, which only its certificate knows. */
  host: string
  /** With STARTTLS. */
  plain: PeerAddress
  /** With TLS from the first byte on. */
  tls: PeerAddress
  /** Who vouches for it, and the file that says so. */
  ca: string
  caFile: string
  /** A folder of a user; every user exists, with the password `secret`. */
  folder(user: string, name?: string): RemoteFolder
}

export interface DovecotOptions {
  /** More for its configuration. */
  settings?: string
}

/** Starts a Dovecot of its own in a temporary folder. Nothing of it runs as root. */
export async function startDovecot(packages: Packages, { settings = '' }: DovecotOptions = {}): Promise<Dovecot> {
  const folder = peerFolder()
  const { address } = loopbackHost()
  const [plain, tls] = [1143, 1993].map((port) => ({ address, port })) as [PeerAddress, PeerAddress]
  const account = accountToUse()
  for (const name of ['run', 'state', 'home', 'lib']) folderOf(account.user, join(folder, name), 0o755)
  writeCertificate(folder, 'imap.test', account.user)
  const file = join(folder, 'dovecot.conf')
  writeFileSync(file, configuration(packages, folder, { ...account, address, settings }))
  const modules = packages.root === '/' ? undefined : moduleFolder(packages, join(folder, 'lib'))
  const start = [join(packages.root, 'usr/bin/doveconf'), '-c', file, '-f', 'service=master', '-e']
  const [command, ...args] = [...account.become, ...start, join(packages.root, 'usr/sbin/dovecot'), '-F', '-c', file]
  const { LD_LIBRARY_PATH: libraries } = libraryPath(packages, 'usr/lib/dovecot', 'usr/lib/dovecot/modules/old-stats')
  const peer = await startPeer(folder, {
    command: command!,
    args,
    env: libraries === undefined ? {} : { LD_LIBRARY_PATH: `${join(folder, 'lib')}:${libraries}` },
    listen: plain,
    logFile: join(folder, 'state/log'),
    signal: 'SIGTERM',
  })
  return {
    ...{ host: 'imap.test', plain, tls, log: peer.log },
    ca: readFileSync(join(folder, 'cert.pem'), 'utf8'),
    caFile: join(folder, 'cert.pem'),
    folder: (user, name) => new RemoteFolder(join(folder, 'home', user), name),
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]()
      if (modules) rmSync(modules, { recursive: true, force: true })
    },
  }
}

interface Account {
  user: string
  group: string
  /** Turns root into this user. */
  become: string[]
}

function accountToUse(): Account {
  const name = (flag: string) => execFileSync('id', [flag], { encoding: 'utf8' }).trim()
  if (process.getuid?.() !== 0) return { user: name('-un'), group: name('-gn'), become: [] }
  const become = ['setpriv', '--reuid', 'mail', '--regid', 'mail', '--clear-groups']
  return { user: 'mail', group: 'mail', become }
}

/**
 * Unpacked elsewhere, it does not find the module without which it has no TLS: the path is part of its library. So it gets a copy with
 * another one, which must not be longer.
 */
function moduleFolder({ root }: Packages, into: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ph-'))
  chmodSync(folder, 0o755)
  const link = join(folder, 'm')
  symlinkSync(join(root, MODULES), link)
  if (link.length > MODULES.length) throw new Error(`${link} is too long to take the place of ${MODULES}`)
  const library = join(into, 'libdovecot.so.0')
  copyFileSync(join(root, 'usr/lib/dovecot/libdovecot.so.0'), library)
  const bytes = readFileSync(library)
  const at = bytes.indexOf(`${MODULES}\0`)
  if (at < 0) throw new Error('This Dovecot looks for its modules somewhere else')
  bytes.fill(0, at, at + MODULES.length)
  bytes.write(link, at, 'latin1')
  writeFileSync(library, bytes)
  return folder
}

function configuration(
  { root }: Packages,
  folder: string,
  { user, group, address, settings }: Omit<Account, 'become'> & { address: string; settings: string },
): string {
  const lib = join(root, 'usr/lib/dovecot')
  return `
protocols = imap
listen = ${address}
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/state/log
libexec_dir = ${lib}
mail_plugin_dir = ${lib}/modules
login_plugin_dir = ${lib}/modules/login
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
first_valid_uid = 1
import_environment = TZ LD_LIBRARY_PATH
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:%h/mail
mail_max_userip_connections = 100
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=${user} gid=${group} home=${folder}/home/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 1143
  }
  inet_listener imaps {
    port = 1993
    ssl = yes
  }
}
service anvil {
  chroot =
  # A wrong password is told at once, and makes nobody else wait.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
${settings}
`
}
