import { createPrivateKey } from 'node:crypto'
import { generateDkimKey } from '../../src/protocol/dkim/generate-dkim-key.ts'
import { signDkim } from '../../src/protocol/dkim/sign-dkim.ts'
import type { Zone } from '../../test/support/dns-server.ts'
import { Words } from './words.ts'

/** One mail without its Message-ID, which the load generator puts in front so that no two are alike. */
export interface MailForm {
  mailFrom: string
  text: string
}

const CRLF = '\r\n'

/**
 * Mails as they usually come: text and HTML of 4 kB, and what is missing to the size as an attachment. Each has a domain and words of
 * its own.
 */
export function mailForms(sizeBytes: number, count: number): MailForm[] {
  const words = new Words(sizeBytes)
  return Array.from({ length: count }, (_, i) => {
    const domain = `sender-${i}.size-${sizeBytes}.example`
    return { mailFrom: `anna@${domain}`, text: composeMail(domain, sizeBytes, words) }
  })
}

/** The same, signed as their domains publish it; the zone holds what a receiver asks for. */
export async function signedForms(sizeBytes: number, count: number): Promise<{ forms: MailForm[]; zone: Zone }> {
  const { privateKey, publicRecord } = await generateDkimKey('rsa-sha256')
  const key = createPrivateKey(privateKey)
  const zone: Zone = {}
  const forms = mailForms(sizeBytes, count).map(({ mailFrom, text }) => {
    const domain = mailFrom.slice(mailFrom.indexOf('@') + 1)
    zone[domain] = { txt: ['v=spf1 ip4:127.0.0.0/8 -all'] }
    zone[`_dmarc.${domain}`] = { txt: ['v=DMARC1; p=reject'] }
    zone[`s1._domainkey.${domain}`] = { txt: [publicRecord.match(/.{1,250}/g) ?? []] }
    const keys = [{ domain, selector: 's1', algorithm: 'rsa-sha256' as const, privateKey: key }]
    return { mailFrom, text: signDkim(Buffer.from(text), keys, { now: Date.now() }) + text }
  })
  return { forms, zone }
}

function composeMail(domain: string, sizeBytes: number, words: Words): string {
  const head = [
    `Received: from app.${domain} (app.${domain} [192.0.2.10])${CRLF}\tby mail.${domain} (Postfix) with ESMTPS id 4XyZ1a2b3c${CRLF}\tfor <box@posthouse.localhost>; Mon, 6 Jan 2025 10:00:00 +0000 (UTC)`,
    `From: "Anna Example" <anna@${domain}>`,
    'To: "The Box" <box@posthouse.localhost>',
    `Subject: ${words.line(6)}`,
    'Date: Mon, 6 Jan 2025 10:00:00 +0000',
    `Reply-To: <replies@${domain}>`,
    `List-Unsubscribe: <https://${domain}/unsubscribe?id=4711>`,
    'MIME-Version: 1.0',
  ].join(CRLF)
  const attached = Math.max(0, sizeBytes - 6_000)
  const inner = alternative(Math.min(sizeBytes, 5_000) - head.length - 300, words)
  if (attached === 0) return `${head}${CRLF}${inner}`
  const file = Buffer.from(words.lines(attached * 0.74))
    .toString('base64')
    .replace(/.{76}/g, `$&${CRLF}`)
  const fileHead = 'Content-Type: application/pdf; name="minutes.pdf"\r\nContent-Disposition: attachment'
  return [
    `${head}${CRLF}Content-Type: multipart/mixed; boundary="mixed-1"${CRLF}`,
    `--mixed-1${CRLF}${inner}`,
    `--mixed-1${CRLF}${fileHead}${CRLF}Content-Transfer-Encoding: base64${CRLF}${CRLF}${file}${CRLF}--mixed-1--${CRLF}`,
  ].join(CRLF)
}

function alternative(sizeBytes: number, words: Words): string {
  const text = words.lines(sizeBytes * 0.4)
  const html = words.lines(sizeBytes * 0.5).replace(/.*\r\n/g, (line) => `<p>${line.trimEnd()}</p>${CRLF}`)
  const part = (type: string, body: string) =>
    `--alt-1${CRLF}Content-Type: ${type}; charset=utf-8${CRLF}Content-Transfer-Encoding: quoted-printable${CRLF}${CRLF}${body}${CRLF}`
  return `Content-Type: multipart/alternative; boundary="alt-1"${CRLF}${CRLF}${part('text/plain', text)}${part('text/html', `<html><body>${CRLF}${html}</body></html>`)}--alt-1--${CRLF}`
}
