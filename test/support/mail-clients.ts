import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianPackages, libraryPath, type Missing, type Packages } from './debian.ts'

const run = promisify(execFile)

/** What a mail client is told about the account it sends with. */
export interface Account {
  port: number
  username: string
  password: string
  from: string
}

/** A program that hands one mail in, as its user would have it do it. Rejects with what it said when it could not. */
export interface MailClient {
  send(account: Account, to: string, mail: string): Promise<void>
}

/** Perl's own tool for trying SMTP servers, by nearly everybody's name for it. */
export async function findSwaks(): Promise<MailClient | Missing> {
  const packages = await debianPackages(['swaks', 'libnet-ssleay-perl', 'perl'], 'usr/bin/swaks')
  if ('missing' in packages) return packages
  const perl = perlOf(packages)
  return {
    send: ({ port, username, password, from }, to, mail) =>
      start(
        perl.command,
        [
          ...[
            ...perl.args,
            join(packages.root, 'usr/bin/swaks'),
            '--server',
            '127.0.0.1',
            '--port',
            `${port}`,
            '--tls',
          ],
          ...['--auth', 'LOGIN', '--auth-user', username, '--auth-password', password],
          ...['--from', from, '--to', to, '--data', mail],
        ],
        perl.env,
      ),
  }
}

/** The little mailer that stands in for sendmail on machines without one. */
export async function findMsmtp(): Promise<MailClient | Missing> {
  const packages = await debianPackages(['msmtp'], 'usr/bin/msmtp')
  if ('missing' in packages) return packages
  return {
    send: ({ port, username, password, from }, to, mail) =>
      start(
        join(packages.root, 'usr/bin/msmtp'),
        [
          ...['--file=/dev/null', '--host=127.0.0.1', `--port=${port}`, '--tls=on', '--tls-starttls=on'],
          ...['--tls-certcheck=off', '--tls-trust-file=', '--auth=plain', `--user=${username}`],
          ...[`--passwordeval=printenv SECRET`, `--from=${from}`, to],
        ],
        { ...libraryPath(packages), SECRET: password },
        mail,
      ),
  }
}

export async function findCurl(): Promise<MailClient | Missing> {
  const packages = await debianPackages(['curl'], 'usr/bin/curl')
  if ('missing' in packages) return packages
  return {
    send: ({ port, username, password, from }, to, mail) =>
      start(
        join(packages.root, 'usr/bin/curl'),
        [
          ...['-sS', '--ssl-reqd', '--insecure', '--user', `${username}:${password}`, '--mail-from', from],
          ...['--mail-rcpt', to, '--upload-file', '-', `smtp://127.0.0.1:${port}`],
        ],
        libraryPath(packages),
        mail,
      ),
  }
}

// A Perl that was unpacked somewhere has its modules where it does not look.
function perlOf(packages: Packages): { command: string; args: string[]; env: Record<string, string> } {
  if (packages.root === '/') return { command: 'perl', args: [], env: {} }
  const folders = ['usr/share/perl5', 'usr/lib/x86_64-linux-gnu/perl5', 'usr/lib/aarch64-linux-gnu/perl5']
  const all = folders.flatMap((folder) => ['', '/5.36', '/5.38', '/5.40', '/5.42'].map((version) => folder + version))
  const there = all.map((folder) => join(packages.root, folder)).filter((folder) => existsSync(folder))
  return { command: 'perl', args: there.map((folder) => `-I${folder}`), env: libraryPath(packages) }
}

async function start(command: string, args: string[], env: Record<string, string>, input = ''): Promise<void> {
  const running = run(command, args, { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env }, timeout: 30_000 })
  running.child.stdin?.end(input)
  await running
}
