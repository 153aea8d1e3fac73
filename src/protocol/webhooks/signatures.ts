import { createHmac } from 'node:crypto'

/**
 * The signature field of Standard Webhooks, which is also that of Svix: one signature for each secret, newest first, separated by
 * blanks. A secret is base64 text, with or without `whsec_` before it.
 */
export function signStandard(secrets: readonly string[], id: string, seconds: number, body: string): string {
  const signed = `${id}.${seconds}.${body}`
  const sign = (secret: string) => createHmac('sha256', standardKey(secret)).update(signed).digest('base64')
  return secrets.map((secret) => `v1,${sign(secret)}`).join(' ')
}

/** The key behind the text of a Standard Webhooks secret. 64 hexadecimal digits are base64 text too: 48 bytes. */
export function standardKey(secret: string): Buffer {
  return Buffer.from(withoutPrefix(secret), 'base64')
}

/** `sha256=` and the HMAC of the body alone, under the text of the secret. */
export function signBody(secret: string, body: string): string {
  return `sha256=${hexHmac(secret, body)}`
}

/** `t=<seconds>,v1=<hex>` over `seconds.body`, with one more `v1` for each further secret, under the whole text of the secret. */
export function signTimestamped(secrets: readonly string[], seconds: number, body: string): string {
  const signatures = secrets.map((secret) => `v1=${hexHmac(secret, `${seconds}.${body}`)}`)
  return [`t=${seconds}`, ...signatures].join(',')
}

/** `sha256=` and the HMAC of `requestId.seconds.body`, under the text of the secret without its `whsec_`. */
export function signRequest(secret: string, requestId: string, seconds: number, body: string): string {
  return `sha256=${hexHmac(withoutPrefix(secret), `${requestId}.${seconds}.${body}`)}`
}

function hexHmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

function withoutPrefix(secret: string): string {
  return secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
}
