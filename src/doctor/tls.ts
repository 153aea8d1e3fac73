import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts'

const DAY_MS = 24 * 3_600_000
const SOON_DAYS = 14

/** The certificate of STARTTLS: whose it is, how long it is good, and whether the key is its own. */
export async function checkTls(config: Config, now: number): Promise<Finding[]> {
  const { POSTHOUSE_TLS_CERT: cert, POSTHOUSE_TLS_KEY: key, mailHost } = config
  if (cert === undefined || key === undefined) return [checkSelfSigned(config, now)]
  try {
    return [checkCertificate(new X509Certificate(cert), key, mailHost, now)]
  } catch (error) {
    return [
      fail(
        'tls',
        `The certificate or its key cannot be read: ${reasonOf(error)}`,
        'Both files must be PEM, the host’s own certificate first',
      ),
    ]
  }
}

function checkCertificate(certificate: X509Certificate, key: string, mailHost: string, now: number): Finding {
  const names = certificate.subjectAltName ?? certificate.subject
  const days = Math.floor((Date.parse(certificate.validTo) - now) / DAY_MS)
  if (!certificate.checkPrivateKey(createPrivateKey(key))) {
    return fail(
      'tls',
      'The key is not that of the certificate',
      'Set POSTHOUSE_TLS_KEY to the key that the certificate was made for',
    )
  }
  if (days < 0)
    return fail('tls', `The certificate ran out on ${certificate.validTo}`, 'Renew it, then start the server anew')
  if (Date.parse(certificate.validFrom) > now) {
    return fail(
      'tls',
      `The certificate is good from ${certificate.validFrom} on only`,
      'See whether the clock is right',
    )
  }
  if (certificate.checkHost(mailHost) === undefined) {
    return fail(
      'tls',
      `The certificate is for ${names}, not for ${mailHost}`,
      'Get one for the mail host, or correct POSTHOUSE_MAIL_HOST',
    )
  }
  if (days < SOON_DAYS)
    return warn('tls', `The certificate runs out in ${days} days`, 'Renew it, then start the server anew')
  if (certificate.issuer === certificate.subject) {
    return warn(
      'tls',
      `The certificate for ${mailHost} is signed by itself`,
      'Senders that insist on TLS (MTA-STS, DANE) want one by a known authority',
    )
  }
  return ok('tls', `The certificate for ${mailHost} is good for ${days} days more`)
}

function checkSelfSigned(config: Config, now: number): Finding {
  const path = join(config.POSTHOUSE_DATA, 'self-signed.pem')
  const made = existsSync(path) ? new X509Certificate(readFileSync(path)).validTo : undefined
  const until = made === undefined ? 'made at the first start' : `good until ${made}`
  if (made !== undefined && Date.parse(made) < now) {
    return warn('tls', `The self-signed certificate ran out on ${made}`, 'Start the server anew: it makes another')
  }
  return ok('tls', `STARTTLS with a self-signed certificate, ${until}; set POSTHOUSE_TLS_CERT and _KEY for a real one`)
}
