import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Finding } from '../../src/doctor/finding.ts'
import { selfSigned } from '../../src/transport/smtp-server/self-signed.ts'
import { DnsServer, type Zone } from '../support/dns-server.ts'
import { freshDatabase } from '../support/postgres.ts'
import { runCommand, startServerProcess, temporaryFolder } from '../support/server-process.ts'

/** Runs it; answers the findings by the name of their check. */
async function doctor(folder: string, env: Record<string, string>) {
  const { code, stdout, stderr } = await runCommand(['doctor', '--json'], folder, env)
  expect(stderr).toBe('')
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Finding[] }
  expect(ok).toBe(code === 0)
  for (const { check, status, advice } of checks)
    expect({ check, calm: advice === null }).toEqual({ check, calm: status === 'ok' })
  return { code, found: Object.fromEntries(checks.map((finding) => [finding.check, finding])) }
}

/** What the operator would publish, as the program says it. */
async function zoneOf(folder: string, env: Record<string, string>): Promise<Zone> {
  const { stdout } = await runCommand(['dns', 'mail.example', '--json'], folder, env)
  const zone: Record<string, { mx?: string[]; txt?: string[][]; a?: string[] }> = {}
  for (const { type, name, value, strings } of JSON.parse(stdout).records) {
    zone[name] ??= {}
    if (type === 'MX') zone[name].mx = [value]
    else zone[name].txt = [...(zone[name].txt ?? []), strings]
  }
  return { ...zone, 'mx.mail.example': { a: ['192.0.2.25'] }, '192.0.2.25': { ptr: ['mx.mail.example'] } }
}

test('an installation whose DNS says what it should is healthy; each thing that is missing is found with what to do', async () => {
  using folder = temporaryFolder()
  await using dns = await DnsServer.start({})
  const env = {
    POSTHOUSE_DNS: dns.address,
    POSTHOUSE_DOMAIN: 'mail.example',
    POSTHOUSE_MAIL_HOST: 'mx.mail.example',
    POSTHOUSE_DELIVERY: 'direct',
  }
  const zone = await zoneOf(folder.path, env)
  dns.zone = zone
  const healthy = await doctor(folder.path, env)
  expect(Object.values(healthy.found).filter(({ status }) => status !== 'ok')).toEqual([])
  expect(healthy.code).toBe(0)
  const checks = [
    'blobs',
    'database',
    'disk space',
    'disk sync',
    'mail host',
    'mx mail.example',
    'queue',
    'secret',
    'tls',
  ]
  expect(Object.keys(healthy.found)).toEqual(expect.arrayContaining(checks))
  expect(healthy.found['dkim dkim-ed._domainkey.mail.example']).toMatchObject({ status: 'ok', message: 'published' })

  const { mx: _, ...withoutMx } = zone['mail.example'] ?? {}
  dns.zone = {
    'mail.example': { ...withoutMx, txt: ['v=spf1 ip4:192.0.2.99 -all'] },
    'mx.mail.example': { a: ['192.0.2.25'] },
    '192.0.2.25': { ptr: ['dsl-25.isp.example'] },
    'dkim-ed._domainkey.mail.example': { servfail: true },
  }
  const ill = await doctor(folder.path, env)
  expect(ill.code).toBe(1)
  expect(ill.found).toMatchObject({
    'mx mail.example': { status: 'fail', advice: 'Publish: mail.example. IN MX 10 mx.mail.example.' },
    'spf mail.example': { status: 'fail', message: expect.stringContaining('192.0.2.25') },
    'dkim dkim._domainkey.mail.example': { status: 'fail', advice: 'Run: dns mail.example' },
    'dmarc mail.example': { status: 'warn' },
    'reverse 192.0.2.25': { status: 'fail', message: 'It is dsl-25.isp.example' },
  })
  const calm = await doctor(folder.path, { ...env, POSTHOUSE_DELIVERY: 'sandbox' })
  expect(calm.found['reverse 192.0.2.25']).toMatchObject({ status: 'warn' })
})

test('a running server is recognised at its ports, and something else there is not', async () => {
  using folder = temporaryFolder()
  await using server = await startServerProcess(folder.path)
  const ports = {
    POSTHOUSE_HTTP_PORT: server.url.split(':').at(-1) ?? '',
    POSTHOUSE_SMTP_PORT: String(server.smtpPort),
    POSTHOUSE_SUBMISSION_PORT: String(server.submissionPort),
  }
  const running = await doctor(folder.path, ports)
  expect(running.code).toBe(0)
  expect(running.found['port http']?.message).toContain('Posthouse answers')
  expect(running.found['port smtp']?.message).toContain('Posthouse answers')
  expect(running.found['port submission']?.message).toContain('Posthouse answers')
  const swapped = await doctor(folder.path, { ...ports, POSTHOUSE_SMTP_PORT: ports.POSTHOUSE_HTTP_PORT })
  expect(swapped.found['port smtp']).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('Something else'),
  })
})

test('a secret that others may read, another secret, and a wrong certificate are failures', async () => {
  using folder = temporaryFolder()
  await runCommand(['org', 'create', 'Harbor Tea'], folder.path)
  const secret = join(folder.path, 'secret')
  await chmod(secret, 0o644)
  expect((await doctor(folder.path, {})).found.secret).toMatchObject({ status: 'fail', advice: `chmod 600 ${secret}` })
  const other = await doctor(folder.path, { POSTHOUSE_SECRET: 'x'.repeat(32) })
  expect(other.found['dkim dkim._domainkey.posthouse.localhost']).toMatchObject({ status: 'fail' })

  const tls = async (name: string, madeAt: number) => {
    const { cert, key } = selfSigned(name, madeAt)
    const paths = { POSTHOUSE_TLS_CERT: join(folder.path, 'cert.pem'), POSTHOUSE_TLS_KEY: join(folder.path, 'key.pem') }
    await writeFile(paths.POSTHOUSE_TLS_CERT, cert)
    await writeFile(paths.POSTHOUSE_TLS_KEY, key)
    return (await doctor(folder.path, paths)).found.tls
  }
  expect(await tls('mail.posthouse.localhost', Date.now())).toMatchObject({
    status: 'warn',
    message: expect.stringMatching(/signed by itself/),
  })
  expect(await tls('mail.other.example', Date.now())).toMatchObject({
    status: 'fail',
    message: expect.stringMatching(/not for mail\.posthouse/),
  })
  expect(await tls('mail.posthouse.localhost', 0)).toMatchObject({
    status: 'fail',
    message: expect.stringMatching(/ran out/),
  })
})

test('a database that is away or empty is told apart, and looking makes nothing', async () => {
  using folder = temporaryFolder()
  await using database = await freshDatabase()
  const empty = await doctor(folder.path, { POSTHOUSE_DATABASE_URL: database.url })
  expect(empty.found.database).toMatchObject({ status: 'ok', message: expect.stringContaining('empty') })
  const gone = new URL(database.url)
  gone.port = String(await closedPort())
  const away = await doctor(folder.path, { POSTHOUSE_DATABASE_URL: gone.href })
  expect(away).toMatchObject({ code: 1, found: { database: { status: 'fail' } } })
  await runCommand(['org', 'create', 'Harbor Tea'], folder.path, { POSTHOUSE_DATABASE_URL: database.url })
  const there = await doctor(folder.path, { POSTHOUSE_DATABASE_URL: database.url })
  expect(there.found).toMatchObject({
    database: { status: 'ok' },
    clock: { status: 'ok' },
    queue: { status: 'ok', message: 'empty' },
  })
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 1
}
