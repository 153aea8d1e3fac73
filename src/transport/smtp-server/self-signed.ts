import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bitString, der, explicit, integer, objectId, octetString, sequence, set, time, utf8String } from './der.ts'

export interface Certificate {
  /** PEM texts. */
  cert: string
  key: string
}

const YEAR_MS = 365 * 24 * 3_600_000
const LIFETIME_MS = 10 * YEAR_MS
/** One that ends sooner is replaced at the start. */
const MIN_LEFT_MS = YEAR_MS / 12

/**
 * The self-signed certificate of a data folder, made anew when there is none for this name. Servers that deliver mail encrypt to
 * whatever certificate there is (RFC 7435), so this is as good as any until somebody asks for a name that can be proven.
 */
export async function ensureCertificate(folder: string, hostname: string): Promise<Certificate> {
  const path = join(folder, 'self-signed.pem')
  const kept = await read(path)
  if (kept && isGood(kept, hostname)) return kept
  const made = selfSigned(hostname, Date.now())
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // One file, put in place at once: a certificate never stands beside another's key.
  const aside = `${path}.${process.pid}`
  await writeFile(aside, made.key + made.cert, { mode: 0o600, flush: true })
  await rename(aside, path)
  return made
}

/** A new key on P-256 and its certificate (RFC 5280), good for ten years. */
export function selfSigned(hostname: string, now: number): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = toBeSigned(hostname, publicKey, now)
  const signature = sign('sha256', body, privateKey)
  const bytes = sequence(body, ecdsaWithSha256, bitString(signature))
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))

function toBeSigned(hostname: string, publicKey: KeyObject, now: number): Buffer {
  // The common name holds 64 characters (RFC 5280 appendix A.1); what counts is the alternative name.
  const name = sequence(set(sequence(objectId('2.5.4.3'), utf8String(hostname.slice(0, 64)))))
  const v3 = explicit(0, integer(Buffer.from([2])))
  // The first bit is off, so that the number is positive and not a byte longer than it looks.
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const validity = sequence(time(new Date(now - 3_600_000)), time(new Date(now + LIFETIME_MS)))
  const alternativeNames = sequence(der(0x82, Buffer.from(hostname)))
  const extensions = sequence(sequence(objectId('2.5.29.17'), octetString(alternativeNames)))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return sequence(v3, integer(serial), ecdsaWithSha256, name, validity, name, spki, explicit(3, extensions))
}

async function read(path: string): Promise<Certificate | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0]
  const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0]
  return key && cert ? { key, cert } : undefined
}

function isGood({ cert, key }: Certificate, hostname: string): boolean {
  try {
    const parsed = new X509Certificate(cert)
    const lasts = Date.parse(parsed.validTo) > Date.now() + MIN_LEFT_MS
    return lasts && parsed.checkHost(hostname) !== undefined && parsed.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
