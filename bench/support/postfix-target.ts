import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loopbackHost } from '../../test/support/peer-address.ts'
import { findPostfix, startPostfix } from '../../test/support/postfix.ts'
import { familyOf } from './process-figures.ts'
import type { Target } from './targets.ts'

/**
 * Postfix as it comes, which writes every mail to a maildir. It answers when the mail is safe in its queue. A text that says why, where
 * there is none.
 */
export async function startPostfixTarget(): Promise<Target | string> {
  const packages = await findPostfix()
  if ('missing' in packages) return packages.missing
  const folder = maildirOf('mail')
  const listen = loopbackHost()
  const settings = {
    virtual_mailbox_domains: 'posthouse.localhost',
    virtual_mailbox_base: folder,
    virtual_mailbox_maps: 'static:box/',
    virtual_uid_maps: `static:${idOf('-u', 'mail')}`,
    virtual_gid_maps: `static:${idOf('-g', 'mail')}`,
    virtual_minimum_uid: '1',
    transport_maps: '',
    // Else it makes each session wait a second as soon as its queue grows.
    in_flow_delay: '0',
  }
  const others = new Set(familyOf(process.pid))
  const server = await startPostfix(packages, { listen, routes: {}, settings })
  const master = familyOf(process.pid).find((pid) => !others.has(pid)) ?? 0
  return {
    host: listen.address,
    port: listen.port,
    recipients: ['box@posthouse.localhost'],
    pids: () => familyOf(master),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function maildirOf(user: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-maildir-'))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'box'))
  chownSync(join(folder, 'box'), idOf('-u', user), idOf('-g', user))
  return folder
}

function idOf(flag: '-u' | '-g', user: string): number {
  return Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
}
