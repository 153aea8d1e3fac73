import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureCertificate, selfSigned } from './self-signed.ts'

const YEAR_MS = 365 * 24 * 3_600_000

async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'posthouse-cert-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

test('a certificate is for its name, good for years, and signed with its own key', () => {
  for (let i = 0; i < 20; i++) {
    const { cert, key } = selfSigned('mail.posthouse.test', Date.now())
    const read = new X509Certificate(cert)
    expect(read.checkHost('mail.posthouse.test')).toBe('mail.posthouse.test')
    expect(read.checkHost('other.test')).toBeUndefined()
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect(read.checkIssued(read)).toBe(true)
    expect(Date.parse(read.validFrom)).toBeLessThan(Date.now())
    expect(Date.parse(read.validTo)).toBeGreaterThan(Date.now() + 9 * YEAR_MS)
  }
})

test('long names and times beyond 2049 are written as they must be', () => {
  const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`
  const read = new X509Certificate(selfSigned(name, Date.UTC(2045, 0, 1)).cert)
  expect(read.checkHost(name)).toBe(name)
  expect(new Date(read.validTo).getUTCFullYear()).toBe(2054)
})

test('the certificate of a folder is kept, for its owner alone', async () => {
  await using data = await folder()
  const made = await ensureCertificate(join(data.path, 'new'), 'mail.posthouse.test')
  expect(await ensureCertificate(join(data.path, 'new'), 'mail.posthouse.test')).toEqual(made)
  expect(await readdir(join(data.path, 'new'))).toEqual(['self-signed.pem'])
  expect((await stat(join(data.path, 'new', 'self-signed.pem'))).mode & 0o777).toBe(0o600)
})

test('it is made anew for another name, near its end, and when it cannot be read', async () => {
  await using data = await folder()
  const path = join(data.path, 'self-signed.pem')
  const first = await ensureCertificate(data.path, 'mail.posthouse.test')
  const second = await ensureCertificate(data.path, 'mx.posthouse.test')
  expect(second.cert).not.toBe(first.cert)
  const old = selfSigned('mx.posthouse.test', Date.now() - 10 * YEAR_MS)
  await writeFile(path, old.key + old.cert)
  const third = await ensureCertificate(data.path, 'mx.posthouse.test')
  expect(third.cert).not.toBe(old.cert)
  await writeFile(path, third.cert.slice(0, 100))
  expect(
    new X509Certificate((await ensureCertificate(data.path, 'mx.posthouse.test')).cert).checkHost('mx.posthouse.test'),
  ).toBe('mx.posthouse.test')
})

test('a certificate that stands beside the key of another, or half a key, is made anew', async () => {
  await using data = await folder()
  const { cert, key } = await ensureCertificate(data.path, 'mail.posthouse.test')
  const other = selfSigned('mail.posthouse.test', Date.now()).key
  for (const wrong of [other, key.replace(/^M/m, '!')]) {
    await writeFile(join(data.path, 'self-signed.pem'), wrong + cert)
    const made = await ensureCertificate(data.path, 'mail.posthouse.test')
    expect(new X509Certificate(made.cert).checkPrivateKey(createPrivateKey(made.key))).toBe(true)
    expect(made.cert).not.toBe(cert)
  }
})
