import { readReport } from '../../protocol/dsn/read-report.ts'
import type { App } from '../app.ts'
import type { News, Proof } from '../outbound/report-command.ts'
import { deliveryIn } from '../outbound/return-path.ts'
import type { Copy } from './file-inbound.ts'
import type { ParsedMail } from './parser.ts'
import type { IncomingMail } from './receive.ts'

/** The report stands at the beginning; behind it may come the whole mail it is about. */
const MAX_REPORT_BYTES = 1024 * 1024

/** What a mail tells its recipients about mail of their own; nothing in nearly every case. */
export function readNews(app: App, mail: IncomingMail, parsed: ParsedMail): News[] {
  // Our own reports tell what is on record already.
  if (mail.source === 'local') return []
  const returnPaths = mail.copies.map(({ rcptTo }) =>
    rcptTo.map((a) => deliveryIn(app, a)).find((id) => id !== undefined),
  )
  if (!returnPaths.some((id) => id !== undefined) && !mayBeReport(mail, parsed)) return []
  const report = readReport(mail.raw.subarray(0, MAX_REPORT_BYTES))
  if (report?.kind !== 'bounce' && report?.kind !== 'delayed' && report?.kind !== 'complaint') return []
  const { kind, recipients, originalMessageId } = report
  return mail.copies.flatMap((copy: Copy, at): News[] => {
    const deliveryId = returnPaths[at]
    const proof = deliveryId ? ({ by: 'return-path', deliveryId } as const) : namedBy(originalMessageId)
    return proof ? [{ mailboxId: copy.mailbox.id, proof, kind, recipients }] : []
  })
}

function namedBy(messageId: string | null): Proof | undefined {
  return messageId === null ? undefined : { by: 'message-id', messageId }
}

// Reading a report costs; a mail without one of these marks is none.
const daemons = /^(mailer-daemon|postmaster|mail-daemon|mailerdaemon|complaints?|feedback|fbl|abuse|staff)@/i

function mayBeReport(mail: IncomingMail, { headers, from }: ParsedMail): boolean {
  if (mail.envelope.mailFrom === '' || from.some(({ address }) => daemons.test(address))) return true
  return headers.some(({ name, value }) => {
    const lower = name.toLowerCase()
    return lower === 'x-failed-recipients' || (lower === 'content-type' && /^\s*multipart\/report\b/i.test(value))
  })
}
