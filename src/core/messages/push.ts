import { createHash, createHmac } from 'node:crypto'
import type { App } from '../app.ts'
import { Failure, notFound } from '../errors.ts'
import { refuseDeclaredSize } from '../mailboxes/policy.ts'
import { resolveRecipient } from '../mailboxes/resolve-recipient.ts'
import { sameBytes } from '../secrets.ts'
import { receive } from './receive.ts'
import { refusalOfAll } from './refused.ts'

/** How far the clock of the one that pushes may be from ours. */
const DRIFT_MS = 300_000

/** A mail that somebody who took it in at the edge of the net hands on over HTTP. */
export interface PushedMail {
  /** Empty for the null sender. */
  mailFrom: string
  rcptTo: string
  /** Seconds since the epoch, as text. */
  timestamp: string
  /** HMAC-SHA256 over `timestamp.rcptTo.sha256(raw)`, hex. */
  signature: string
  /** Read when all else is in order. */
  read(): Promise<Buffer>
}

/**
 * Takes a mail in as SMTP would, with the same refusals. Whoever knows the operator's ingest secret may push to any address, as
 * anybody may send to it; what the secret vouches for is the envelope. `not_found` when the server takes no pushed mail.
 */
export async function takePushedMail(app: App, mail: PushedMail): Promise<void> {
  const { rcptTo } = mail
  const secret = app.settings.ingestSecret
  if (secret === null) throw notFound('way in')
  checkTime(app, mail)
  const raw = await mail.read()
  const sha256 = createHash('sha256').update(raw).digest('hex')
  verify(secret, mail, sha256)
  if (raw.length > app.settings.maxMessageBytes) throw new Failure('too_large', 'The message is too large')
  const mailbox = await resolveRecipient(app, rcptTo)
  refuseDeclaredSize(app, mailbox, raw.length)
  const envelope = { mailFrom: mail.mailFrom, helo: null, remoteAddress: null, tls: null }
  const copies = [{ mailbox, rcptTo: [rcptTo] }]
  const refusal = refusalOfAll(await receive(app, { source: 'push', envelope, copies, raw, sha256 }))
  if (refusal) throw refusal
}

function checkTime({ clock }: App, { timestamp }: PushedMail): void {
  const late = Math.abs(clock.now() - Number(timestamp) * 1000) > DRIFT_MS
  if (!/^\d{1,12}$/.test(timestamp) || late) throw new Failure('unauthenticated', 'The timestamp is not of now')
}

function verify(secret: string, { timestamp, rcptTo, signature }: PushedMail, sha256: string): void {
  const genuine = createHmac('sha256', secret).update(`${timestamp}.${rcptTo}.${sha256}`).digest('hex')
  if (!sameBytes(Buffer.from(genuine), Buffer.from(signature))) {
    throw new Failure('unauthenticated', 'The signature is not valid')
  }
}
