import { createHash } from 'node:crypto'
import { claimsAuthservId } from '../../protocol/authentication-results/claims.ts'
import type { SpfResult } from '../../protocol/spf/check.ts'
import type { App } from '../app.ts'
import { newBlobKey } from '../blob-key.ts'
import { wantsReports } from '../domains/sending-domain.ts'
import type { FetchedMark } from '../imap-sources/model.ts'
import type { News } from '../outbound/report-command.ts'
import { authenticateMail, authenticLocally, judgeSender, type Verdicts } from './authenticate.ts'
import type { Copy, Filed, ReadMail } from './file-inbound.ts'
import { refuseLoop } from './hops.ts'
import type { Authentication, Envelope } from './model.ts'
import { readNews } from './news.ts'
import type { ParsedMail } from './parser.ts'
import { resultsField } from './results-field.ts'
import { suspect, withSuspicion } from './suspicion.ts'

/** A mail that a source took in: its bytes as they came, the envelope, and the mailboxes that `resolveRecipient` found for it. */
export interface IncomingMail {
  source: ReadMail['source']
  envelope: Omit<Envelope, 'rcptTo'>
  copies: Copy[]
  raw: Buffer
  /** Begun at MAIL FROM by sources that can. */
  spf?: Promise<SpfResult>
  /** SHA-256 of `raw`, hex, where the source counted along. */
  sha256?: string
  /** Set by a fetch, which takes note of the message in the transaction that files it. */
  fetched?: FetchedMark
}

/**
 * The one way in, for every source: keep the bytes, read them, judge them, file them. When the promise resolves, the mail is
 * on disk with its event; when it throws, nothing of it is visible.
 */
export async function receive(app: App, mail: IncomingMail): Promise<Filed[]> {
  refuseLoop(mail.raw)
  const sha256 = mail.sha256 ?? createHash('sha256').update(mail.raw).digest('hex')
  const blobKey = newBlobKey(sha256)
  const reading = app.parser.parse(mail.raw)
  const [parsed, verdicts] = await Promise.all([reading, judge(app, mail, reading), app.blobs.put(blobKey, mail.raw)])
  const read = toReadMail(app, mail, parsed, verdicts, { sha256, blobKey })
  const { maxMessageBytes, usualMessageBytes } = app.settings
  const filed = await app.store.run('messages.file', {
    mail: read,
    copies: mail.copies,
    host: app.settings.mailHost,
    // What is sent from here was bounded when it was composed.
    ...(mail.source !== 'local' && { sizes: { maxMessageBytes, usualMessageBytes } }),
    news: await hushed(app, mail, readNews(app, mail, parsed)),
    ...(mail.fetched ? { fetched: mail.fetched } : {}),
  })
  // Nobody refers to the bytes when every copy was a duplicate; failing here would only leave them to the sweep.
  if (!filed.some((f) => f.result === 'stored')) await app.blobs.delete([blobKey]).catch(() => {})
  return filed
}

// Where the owner of a domain wants no reports as mail, what we can put on record ourselves is not filed.
async function hushed(app: App, { copies }: IncomingMail, all: News[]): Promise<News[]> {
  return Promise.all(
    all.map(async (news) => {
      const copy = copies.find(({ mailbox }) => mailbox.id === news.mailboxId)
      const mailbox = copy && (await app.store.read.mailboxes.get(copy.mailbox.orgId, copy.mailbox.id))
      const quiet = news.kind !== 'delayed' && mailbox !== undefined && !(await wantsReports(app, mailbox))
      return { ...news, quiet }
    }),
  )
}

async function judge(app: App, mail: IncomingMail, reading: Promise<ParsedMail>): Promise<Verdicts> {
  const { mailFrom } = mail.envelope
  // What has no sender and comes from here is a report of our own.
  const local = mailFrom === '' ? app.settings.mailHost : mailFrom.slice(mailFrom.lastIndexOf('@') + 1)
  if (mail.source === 'local') return { authentication: authenticLocally(local), vouched: true }
  const author = reading.then(({ from }) => from)
  return authenticateMail(app, mail.raw, author, mail.spf ?? judgeSender(app, mail.envelope))
}

function toReadMail(
  app: App,
  mail: IncomingMail,
  parsed: ParsedMail,
  { authentication, vouched }: Verdicts,
  kept: { sha256: string; blobKey: string },
): ReadMail {
  const { messageId, from, to, cc, replyTo, subject, preview, references, sentAt, attachments } = parsed
  const { text, html, extractedText, extractedHtml, defects, codes, links, risk } = parsed
  const headers = withOurResults(app, parsed.headers, mail, authentication)
  const suspicion = suspect(mail.source, parsed, authentication, vouched)
  return {
    source: mail.source,
    ...{ messageId, from, to, cc, replyTo, subject, preview, references, sentAt, attachments },
    inReplyTo: parsed.inReplyTo[0] ?? null,
    sizeBytes: mail.raw.length,
    ...kept,
    content: {
      ...{ text, html, extractedText, extractedHtml, headers, authentication, defects, codes, links },
      risk: withSuspicion(risk, suspicion),
    },
    suspicion,
    envelope: mail.envelope,
  }
}

// RFC 8601 §5: results under our name that came with the mail are forged; ours take their place.
function withOurResults(
  app: App,
  headers: ParsedMail['headers'],
  mail: IncomingMail,
  authentication: Authentication,
): ParsedMail['headers'] {
  const host = app.settings.mailHost
  const foreign = headers.filter(
    (h) => h.name.toLowerCase() !== 'authentication-results' || !claimsAuthservId(h.value, host),
  )
  return [resultsField(host, mail.envelope, authentication), ...foreign]
}
