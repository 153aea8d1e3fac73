import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { type Secrets, secretsFrom } from '../core/secrets.ts'
import type { Store } from '../core/store.ts'
import { checkDatabase } from '../doctor/database.ts'
import { checkDisk } from '../doctor/disk.ts'
import { checkDkim } from '../doctor/dkim.ts'
import { checkDomain, checkMailHost, type DnsContext } from '../doctor/dns.ts'
import { type Check, type Finding, fail, reasonOf } from '../doctor/finding.ts'
import { checkPorts } from '../doctor/ports.ts'
import { checkSecret } from '../doctor/secret.ts'
import { checkBlobStore, checkQueues, checkTimes } from '../doctor/stores.ts'
import { checkTls } from '../doctor/tls.ts'
import { readMasterSecret } from '../master-secret.ts'
import { openBlobs, openStore } from '../open-stores.ts'
import { DnsResolver } from '../transport/dns/dns-resolver.ts'
import { domainNames } from './domain-names.ts'
import { oneLine, table } from './table.ts'

/** Looks at everything that an installation needs and says what to do; the exit code is 1 when something fails. */
export async function doctor(config: Config, options: { json?: boolean }): Promise<void> {
  const findings = await examine(config)
  if (options.json) console.log(JSON.stringify({ ok: !findings.some(isFailure), checks: findings }))
  else process.stdout.write(text(findings))
  if (findings.some(isFailure)) process.exitCode = 1
}

async function examine(config: Config): Promise<Finding[]> {
  const context: DnsContext = {
    config,
    resolver: new DnsResolver({ clock: systemClock, servers: config.POSTHOUSE_DNS }),
  }
  const { findings, usable } = await checkDatabase(config)
  const now = Date.now()
  const groups = await Promise.all([
    safely('ports', () => checkPorts(config)),
    safely('tls', () => checkTls(config, now)),
    safely('disk', () => checkDisk(config)),
    safely('secret', () => checkSecret(config)),
    Promise.resolve(findings),
    safely('mail host', () => checkMailHost(context)),
    // Opening a store brings it up to date, and a look must change nothing.
    usable
      ? safely('store', () => inside(context))
      : safely('dns', () => checkDomain(context, config.POSTHOUSE_DOMAIN)),
  ])
  return groups.flat()
}

async function inside(context: DnsContext): Promise<Finding[]> {
  const { config } = context
  const now = Date.now()
  await using store = await openStore(config, systemClock)
  await using blobs = await openBlobs(config, systemClock)
  const master = config.POSTHOUSE_SECRET ?? readMasterSecret(config.POSTHOUSE_DATA)
  const groups = await Promise.all([
    checkBlobStore(blobs),
    safely('queue', () => checkQueues(store, now)),
    safely('clock', () => checkTimes(store, now)),
    ...(await domainNames({ store })).map((name) =>
      safely(`dns ${name}`, () => checkName({ ...context, store, secrets: secretsFrom(master ?? '') }, name)),
    ),
  ])
  return groups.flat()
}

async function checkName(context: DnsContext & { store: Store; secrets: Secrets }, name: string): Promise<Finding[]> {
  const [domain] = await context.store.read.domains.byName(name)
  const [published, keys] = await Promise.all([checkDomain(context, name), domain ? checkDkim(context, domain) : []])
  return [...published, ...keys]
}

async function safely(check: string, look: Check): Promise<Finding[]> {
  try {
    return await look()
  } catch (error) {
    return [fail(check, `It could not be looked at: ${reasonOf(error)}`, 'See the message; a second run may know more')]
  }
}

function isFailure({ status }: Finding): boolean {
  return status === 'fail'
}

function text(findings: Finding[]): string {
  const rows = findings.map(({ check, status, message }) => [status.toUpperCase(), check, oneLine(message, 160)])
  const todo = findings.filter(({ advice }) => advice !== null)
  const advice = todo.map(({ check, advice: what }) => `- ${check}: ${what}\n`)
  return (
    table(['', 'CHECK', 'FOUND'], rows) + (advice.length > 0 ? `\nTo do:\n${advice.join('')}` : '\nNothing to do.\n')
  )
}
