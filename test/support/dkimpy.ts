import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages, libraryPath, type Missing } from './debian.ts'

/** dkimpy, the independent reader and writer of DKIM and ARC, with PyNaCl for Ed25519. */
export interface Dkimpy {
  /** Runs a script that reads its job as JSON from stdin and prints its answer as JSON. */
  ask(script: string, job: unknown): unknown
  /** Whether the first and the second signature of each mail hold; keys are found in `zone`, texts by name. */
  verify(mails: readonly Buffer[], zone: Record<string, string>): boolean[][]
  /** What each mail's ARC chain is worth: `pass`, `fail` or `none`. */
  chains(mails: readonly Buffer[], zone: Record<string, string>): string[]
}

const VERIFY = `
import base64, dkim, json, sys
job = json.load(sys.stdin)
dns = lambda name, timeout=5: job['zone'].get(name.decode().rstrip('.'), '').encode()
def verdict(mail, n):
    try:
        return dkim.DKIM(mail).verify(idx=n, dnsfunc=dns)
    except dkim.DKIMException:
        return False
mails = [base64.b64decode(text) for text in job['mails']]
json.dump([[verdict(mail, n) for n in (0, 1)] for mail in mails], sys.stdout)
`

const CHAINS = `
import base64, dkim, json, sys
job = json.load(sys.stdin)
dns = lambda name, timeout=5: job['zone'].get(name.decode().rstrip('.'), '').encode()
mails = [base64.b64decode(text) for text in job['mails']]
json.dump([(dkim.arc_verify(mail, dnsfunc=dns)[0] or b'').decode() for mail in mails], sys.stdout)
`

interface Python {
  command: string
  env: Record<string, string>
}

/** A Python that has it, else Debian's packages. */
export async function findDkimpy(): Promise<Dkimpy | Missing> {
  const installed = ['python3', '/usr/bin/python3'].map((command) => ({ command, env: {} }))
  const python = installed.find(works) ?? (await packaged())
  if ('missing' in python) return python
  return {
    ask: (script, job) => ask(python, script, job),
    verify: (mails, zone) => ask(python, VERIFY, { zone, mails: mails.map(base64) }) as boolean[][],
    chains: (mails, zone) => ask(python, CHAINS, { zone, mails: mails.map(base64) }) as string[],
  }
}

function base64(mail: Buffer): string {
  return mail.toString('base64')
}

async function packaged(): Promise<Python | Missing> {
  const names = ['python3-dkim', 'python3-nacl', 'python3']
  const found = await debianPackages(names, 'usr/lib/python3/dist-packages/dkim/__init__.py')
  if ('missing' in found) return found
  const own = join(found.root, 'usr/bin/python3')
  const modules = { PYTHONPATH: join(found.root, 'usr/lib/python3/dist-packages') }
  const env = { ...libraryPath(found), ...modules }
  const python = existsSync(own)
    ? { command: own, env: { ...env, PYTHONHOME: join(found.root, 'usr') } }
    : { command: '/usr/bin/python3', env }
  return works(python) ? python : { missing: `${names.join(', ')}: does not run here` }
}

function works({ command, env }: Python): boolean {
  return spawnSync(command, ['-c', 'import dkim, nacl'], { env: { ...process.env, ...env } }).status === 0
}

function ask({ command, env }: Python, script: string, job: unknown): unknown {
  const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 28, encoding: 'utf8' } as const
  const { stdout, stderr } = spawnSync(command, ['-c', script], { ...options, input: JSON.stringify(job) })
  if (stdout === '') throw new Error(`dkimpy failed: ${stderr}`)
  return JSON.parse(stdout)
}
